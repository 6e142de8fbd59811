// The ways into the queue store: a writer for each process that accepts mail, readers anywhere, and one store in the
// manager.

import { nodeFiles, type FileLayer } from './file-layer.ts';
import { prepareDirectory, spoolLayout } from './layout.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { SpoolReader, SpoolWriter } from './types.ts';

export interface SpoolWriterOptions {
  readonly directory: string;
  /** 0..63, unique per writer of this instance; the store's own slot is another one. */
  readonly slot: number;
  /** A segment is sealed at this size. */
  readonly segmentBytes: number;
  /** Free space kept on the file system. */
  readonly reserveBytes: number;
  /** From this size on the caller uses `openLarge`. */
  readonly largeMessageBytes: number;
  /** `none` acknowledges mail that a power cut can lose. */
  readonly sync: 'fdatasync' | 'none';
  readonly files?: FileLayer;
  /** Unix ms. */
  readonly now?: () => number;
}

/**
 * Opens the writing side, making the directory if need be.
 * @throws {SpoolError} `SPOOL_FORMAT` on another format version, `SPOOL_WRITE_FAILED`, `SPOOL_FULL`.
 */
export async function openSpoolWriter(options: SpoolWriterOptions): Promise<SpoolWriter> {
  const { directory, slot, segmentBytes, reserveBytes, sync, files = nodeFiles, now = Date.now } = options;
  const layout = spoolLayout(directory);
  await prepareDirectory(files, layout, slot);
  return SegmentWriter.open({ layout, slot, segmentBytes, reserveBytes, sync, files, now });
}

/** Opens the reading side; nothing is touched before the first read. */
export function openSpoolReader(options: {
  readonly directory: string;
  readonly files?: FileLayer;
}): SpoolReader {
  return new SegmentReader(options.files ?? nodeFiles, spoolLayout(options.directory));
}
