// Where things are in a spool directory, and the format version it carries.
// A directory is made once; one of another version is refused, never converted in passing.

import { dirname, join, resolve } from 'node:path';
import { fdatasync, readWhole, writeAll } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { parseSegmentName, segmentName, slotOf } from './queue-id.ts';
import { SpoolError, systemCode, writeError } from './spool-error.ts';

/** Raised by the rule in docs/spool-format.md. */
export const FORMAT_VERSION = 1;

const FORMAT_LINE = /^sluice-spool (\d+)\n$/;

export interface SpoolLayout {
  readonly directory: string;
  readonly segments: string;
  readonly large: string;
  readonly journal: string;
}

export function spoolLayout(directory: string): SpoolLayout {
  return {
    directory,
    segments: join(directory, 'segments'),
    large: join(directory, 'large'),
    journal: join(directory, 'journal'),
  };
}

export const segmentPath = (layout: SpoolLayout, id: number): string =>
  join(layout.segments, segmentName(id));
export const indexPath = (layout: SpoolLayout, id: number): string => `${segmentPath(layout, id)}.index`;
export const largePath = (layout: SpoolLayout, queueId: string): string => join(layout.large, queueId);
export const journalPath = (layout: SpoolLayout, number: number): string =>
  join(layout.journal, String(number).padStart(10, '0'));

/**
 * Checks the format file.
 * @returns false if there is none.
 * @throws {SpoolError} `SPOOL_FORMAT` when the version is not ours.
 */
export async function checkFormat(files: FileLayer, layout: SpoolLayout): Promise<boolean> {
  let text: string;
  try {
    text = (await readWhole(files, join(layout.directory, 'format'))).toString('latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw new SpoolError('SPOOL_FORMAT', `cannot read the format file of the spool in ${layout.directory}`, {
      cause: error,
    });
  }
  const version = FORMAT_LINE.exec(text)?.[1];
  if (version !== String(FORMAT_VERSION)) {
    const found = version === undefined ? 'an unreadable format file' : `format version ${version}`;
    throw new SpoolError(
      'SPOOL_FORMAT',
      `the spool in ${layout.directory} has ${found}; this Sluice knows version ${FORMAT_VERSION}`,
    );
  }
  return true;
}

/** Makes the directories and the format file, durably; several processes may do so at once. */
export async function prepareDirectory(files: FileLayer, layout: SpoolLayout, slot: number): Promise<void> {
  try {
    await files.mkdir(layout.directory);
    if (await checkFormat(files, layout)) return;
    await files.mkdir(layout.segments);
    await files.mkdir(layout.large);
    await files.mkdir(layout.journal);
    const temporary = join(layout.directory, `format.${slot}`);
    const fd = await files.open(temporary, 'w');
    try {
      await writeAll(files, fd, [Buffer.from(`sluice-spool ${FORMAT_VERSION}\n`)], 0);
      await fdatasync(files, fd);
    } finally {
      await files.close(fd);
    }
    // The directories are durable before the file that vouches for them: another process may look for it any moment.
    await files.syncDirectory(layout.directory);
    await syncAncestors(files, resolve(layout.directory));
    await files.rename(temporary, join(layout.directory, 'format'));
    await files.syncDirectory(layout.directory);
  } catch (error) {
    throw writeError(`making the spool directory ${layout.directory}`, error);
  }
}

async function syncAncestors(files: FileLayer, directory: string): Promise<void> {
  const parent = dirname(directory);
  if (parent === directory) return;
  // One that may not be opened is not one that was made just now.
  await files.syncDirectory(parent).catch(() => undefined);
  await syncAncestors(files, parent);
}

/** What is in `segments/`: ids in ascending order, and which of them have an index. */
export interface SegmentListing {
  readonly segments: number[];
  readonly indexed: Set<number>;
}

export async function listSegments(files: FileLayer, layout: SpoolLayout): Promise<SegmentListing> {
  const segments: number[] = [];
  const indexed = new Set<number>();
  for (const name of await files.readdir(layout.segments)) {
    if (name.endsWith('.index')) {
      const id = parseSegmentName(name.slice(0, -'.index'.length));
      if (id >= 0) indexed.add(id);
    } else {
      const id = parseSegmentName(name);
      if (id >= 0) segments.push(id);
    }
  }
  segments.sort((a, b) => a - b);
  return { segments, indexed };
}

/** The highest segment id of a slot; -1 if it has none. The newest segment of a slot is never unlinked. */
export function highestOfSlot(segments: readonly number[], slot: number): number {
  let highest = -1;
  for (const id of segments) if (slotOf(id) === slot && id > highest) highest = id;
  return highest;
}

/** The newest segment of each slot: the only one that may still grow. */
export function newestOfSlots(segments: readonly number[]): Map<number, number> {
  const newest = new Map<number, number>();
  for (const id of segments) {
    const slot = slotOf(id);
    if (id > (newest.get(slot) ?? -1)) newest.set(slot, id);
  }
  return newest;
}

/** The journal files' numbers in ascending order. */
export async function listJournals(files: FileLayer, layout: SpoolLayout): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await files.readdir(layout.journal)) {
    if (/^\d{10}$/.test(name)) numbers.push(Number(name));
  }
  return numbers.sort((a, b) => a - b);
}
