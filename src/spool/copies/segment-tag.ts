// The tag of a segment whose parts may be damaged. It is secret, so a record that somebody has sent inside a message does not have
// it; and it is only taken from places that no sender can write to.

import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { headerBytes, headLengthAt, parseHead } from '../segments/record.ts';
import { parseSegmentHeader, segmentHeaderBytes, type SegmentHeader } from '../segments/segment-header.ts';
import type { IndexContents } from '../segments/segment-index.ts';

/** Longer envelopes are not read to find a tag. */
const maxHeadBytes = 16 * 1024 * 1024;

/** @returns undefined when the header, the index and the first record are all damaged */
export async function tagOf(
  files: FileLayer,
  fd: number,
  index: IndexContents | undefined,
): Promise<number | undefined> {
  const beginning = Buffer.alloc(segmentHeaderBytes + headerBytes);
  const got = await readUpTo(files, fd, beginning, beginning.length, 0);
  const header = got < segmentHeaderBytes ? undefined : parseSegmentHeader(beginning);
  if (header !== undefined) return header.tag;
  // Addresses in an index have no control characters, so nothing in them is taken for an entry.
  const tags = new Set(index?.records.map(({ head }) => head.tag));
  const [only] = tags;
  if (only !== undefined && tags.size === 1) return only;
  if (got < beginning.length) return undefined;
  // Only the first record stands here.
  const length = headLengthAt(beginning, segmentHeaderBytes);
  if (length === 0 || length > maxHeadBytes) return undefined;
  const head = Buffer.alloc(length);
  const bytes = await readUpTo(files, fd, head, length, segmentHeaderBytes);
  return parseHead(head.subarray(0, bytes), 0)?.tag;
}

/** The header of a segment; undefined when it is damaged. */
export async function headerOf(files: FileLayer, fd: number): Promise<SegmentHeader | undefined> {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  const got = await readUpTo(files, fd, bytes, bytes.length, 0);
  return parseSegmentHeader(bytes.subarray(0, got));
}
