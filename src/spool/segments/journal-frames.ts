// Reads a journal file or the file `holds`: its header, and every intact frame, also behind damage. Counts the bytes that
// were on stable storage and are damaged, and those that a crash may have cut off.

import { crc32 } from 'node:zlib';
import {
  flagHasHolds,
  frameSnapshotEnd,
  frameEntries,
  frameHeaderBytes,
  frameMagicBytes,
  journalHeaderBytes,
  journalMagic,
  journalVersion,
} from './journal-entries.ts';
import { getUint53 } from './record.ts';

const frameMagic = frameMagicBytes.readUInt32LE(0);

interface JournalHeader {
  readonly tag: number;
  readonly number: number;
  readonly flags: number;
  readonly journalBytes: number;
}

/** Undefined when the header is torn or belongs to another file. @param number - expected number; undefined: any */
function journalHeader(bytes: Buffer, number: number | undefined): JournalHeader | undefined {
  if (bytes.length < journalHeaderBytes || bytes.readUInt32LE(0) !== journalMagic) return undefined;
  if (crc32(bytes.subarray(8, journalHeaderBytes)) !== bytes.readUInt32LE(4)) return undefined;
  const found = getUint53(bytes, 16);
  if (bytes[8] !== journalVersion || (number !== undefined && found !== number)) return undefined;
  const [flags = 0] = [bytes[9]];
  return { tag: bytes.readUInt32LE(12), number: found, flags, journalBytes: getUint53(bytes, 24) };
}

export interface JournalContents {
  /** The number in the header; 0 when the header is damaged. */
  readonly number: number;
  /** The entries of each intact frame, in order. */
  readonly frames: Buffer[];
  /** In a journal file: the spool has a file `holds`. */
  readonly hasHolds: boolean;
  /** In the file `holds`: bytes of the journal file `number` that were on stable storage when `holds` was written. */
  readonly journalBytes: number;
  /** The last frame says that the file was closed in order, with everything on stable storage. */
  readonly isClosed: boolean;
  /** The file has the whole state: it has the end of a snapshot, and nothing is missing before it. */
  readonly isComplete: boolean;
  /** The file has the end of a snapshot; something before it may be missing. */
  readonly hasSnapshotEnd: boolean;
  /** Bytes that were on stable storage and are not an intact frame. */
  readonly damagedBytes: number;
  /** Bytes that are not an intact frame and may never have been on stable storage: a crash has left them, or damage. */
  readonly tornBytes: number;
  /** The file's tag; undefined when the header is damaged. */
  readonly tag: number | undefined;
  /** Offset at which the last frame ends. Allocated room or torn bytes follow. */
  readonly end: number;
}

/**
 * Reads every intact frame, also behind damage: entries are absolute, so a missing entry makes no other entry wrong. A
 * damaged header loses no frame, because the frames have the file's tag as well.
 * @param number - expected number of a journal file; undefined: any
 * @param storedBytes - bytes that the file `holds` knows to have been on stable storage, up to the end of a frame
 */
export function readFrames(bytes: Buffer, number: number | undefined, storedBytes = 0): JournalContents {
  const header = journalHeader(bytes, number);
  const tag = header?.tag ?? firstTag(bytes);
  const found: number[] = [];
  let synced = storedBytes;
  for (let at = tag === undefined ? -1 : nextFrame(bytes, journalHeaderBytes, tag); at >= 0;) {
    found.push(at);
    synced = Math.max(synced, bytes.readUInt32LE(at + 20));
    at = nextFrame(bytes, frameEnd(bytes, at, tag), tag);
  }
  const frames: Buffer[] = [];
  let isComplete = false;
  let hasSnapshotEnd = false;
  let damagedBytes = 0;
  let tornBytes = 0;
  let end = journalHeaderBytes;
  const gap = (from: number, to: number): void => {
    damagedBytes += Math.max(0, Math.min(to, synced) - from);
    tornBytes += Math.max(0, to - Math.max(from, synced));
  };
  for (const at of found) {
    gap(end, at);
    end = frameEnd(bytes, at, tag);
    // With a gap before this frame, a part of the snapshot may be missing. Then older files are still needed.
    if (bytes.readUInt32LE(at + 12) === frameSnapshotEnd) {
      hasSnapshotEnd = true;
      isComplete = damagedBytes + tornBytes === 0;
    }
    frames.push(bytes.subarray(at + frameHeaderBytes, end));
  }
  if (end < synced) damagedBytes += synced - end;
  if (header === undefined && (found.length > 0 || storedBytes > 0)) damagedBytes += journalHeaderBytes;
  const rest = Math.max(end, synced);
  // A file that was being created at a power cut may have no header, and allocated room is zero.
  if (found.length === 0 && header === undefined) tornBytes += usedBytes(bytes, 0);
  else tornBytes += usedBytes(bytes, rest);
  return {
    number: header?.number ?? 0,
    frames,
    hasHolds: header !== undefined && (header.flags & flagHasHolds) !== 0,
    journalBytes: header?.journalBytes ?? 0,
    isClosed: damagedBytes + tornBytes === 0 && isClosing(bytes, found.at(-1)),
    isComplete,
    hasSnapshotEnd,
    damagedBytes,
    tornBytes,
    tag: header?.tag,
    end,
  };
}

/** True for a frame without entries, which says that everything before it was synced. */
function isClosing(bytes: Buffer, at: number | undefined): boolean {
  if (at === undefined || bytes.readUInt32LE(at + 12) !== frameEntries) return false;
  return bytes.readUInt32LE(at + 8) === 0 && bytes.readUInt32LE(at + 20) === at;
}

/** Number of bytes from `from` on, without the zeros at both ends. */
function usedBytes(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end > from && bytes[end - 1] === 0) end--;
  let start = from;
  while (start < end && bytes[start] === 0) start++;
  return Math.max(0, end - start);
}

/** The tag of the first intact frame; for a file whose header is damaged. */
function firstTag(bytes: Buffer): number | undefined {
  let at = bytes.indexOf(frameMagicBytes);
  while (at >= 0 && frameEnd(bytes, at, undefined) === 0) at = bytes.indexOf(frameMagicBytes, at + 1);
  return at < 0 ? undefined : bytes.readUInt32LE(at + 16);
}

/** Offset of the next intact frame at or after `from`; -1 if there is none. */
function nextFrame(bytes: Buffer, from: number, tag: number | undefined): number {
  let at = from;
  while (at >= 0 && frameEnd(bytes, at, tag) === 0) at = bytes.indexOf(frameMagicBytes, at + 1);
  return at;
}

/** Offset at which the frame at `at` ends; 0 if there is no intact frame. @param tag - of the file; undefined: any */
function frameEnd(bytes: Buffer, at: number, tag: number | undefined): number {
  if (at + frameHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== frameMagic) return 0;
  const end = at + frameHeaderBytes + bytes.readUInt32LE(at + 8);
  if (end > bytes.length || (tag !== undefined && bytes.readUInt32LE(at + 16) !== tag)) return 0;
  return crc32(bytes.subarray(at + 8, end)) === bytes.readUInt32LE(at + 4) ? end : 0;
}
