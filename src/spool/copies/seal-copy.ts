// Completes the copy of a segment that was still growing: what follows its last whole record is cut off, and its index is
// written, so that the copy reads like a segment that was sealed in order.

import { fdatasync, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from '../segments/layout.ts';
import { headLengthAt } from '../segments/record.ts';
import { encodeSegmentHeader, segmentHeaderBytes, type SegmentHeader } from '../segments/segment-header.ts';
import { type FoundRecord, IndexBuilder, writeIndex } from '../segments/segment-index.ts';
import { SegmentWalk } from '../segments/segment-walk.ts';

/**
 * Completes a copy.
 * @returns false when the segment is damaged, also in the source: then the copy stays as it is; or when it is empty, because
 * its writer had only begun it: then it is removed
 */
export async function sealCopy(files: FileLayer, layout: SpoolLayout, id: number): Promise<boolean> {
  const path = segmentPath(layout, id);
  const fd = await files.open(path, 'r+');
  try {
    const walk = new SegmentWalk(files, fd, await files.size(fd), id, () => undefined);
    const header = await walk.header();
    if (header === undefined) {
      if (walk.length <= segmentHeaderBytes) await files.unlink(path);
      return false;
    }
    const { records, isDamaged } = await walk.records();
    if (isDamaged) return false;
    const end = endOf(records);
    if (end < walk.length) {
      await files.truncate(fd, end);
      await fdatasync(files, fd);
    }
    await writeIndex(files, indexPath(layout, id), indexOf(id, records, end), true);
    return true;
  } finally {
    await files.close(fd);
  }
}

/** Replaces the copy of a segment by one without records: only its name is needed, which tells the ids that were used. */
export async function emptyCopy(files: FileLayer, layout: SpoolLayout, id: number): Promise<void> {
  const path = segmentPath(layout, id);
  const fd = await files.open(path, 'r');
  let header: SegmentHeader | undefined;
  try {
    header = await new SegmentWalk(files, fd, segmentHeaderBytes, id, () => undefined).header();
  } finally {
    await files.close(fd);
  }
  if (header === undefined) return;
  // The file may be linked to that of another backup: a new one takes its place.
  await files.unlink(path);
  const empty = await files.open(path, 'wx');
  try {
    await writeAll(files, empty, [encodeSegmentHeader(header)], 0);
    await fdatasync(files, empty);
  } finally {
    await files.close(empty);
  }
  await files.unlink(indexPath(layout, id)).catch(() => undefined); // there may be none
  await writeIndex(files, indexPath(layout, id), indexOf(id, [], segmentHeaderBytes), true);
}

function endOf(records: readonly FoundRecord[]): number {
  const last = records.at(-1);
  return last === undefined ? segmentHeaderBytes : last.offset + last.head.length;
}

function indexOf(id: number, records: readonly FoundRecord[], end: number): Buffer[] {
  const index = new IndexBuilder();
  for (const { offset, bytes, at } of records) {
    index.add(offset, bytes.subarray(at, at + headLengthAt(bytes, at)));
  }
  return index.finish(id, end);
}
