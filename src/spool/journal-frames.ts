// Reads a file of the journal's form: its header, and every frame that holds, past any damage. It also tells which bytes
// were on stable storage and are gone, and which may just as well be what a crash has cut short.

import { crc32 } from 'node:zlib';
import {
  flagHasHolds,
  frameComplete,
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

/** What the header says; undefined when it is torn or of another file. @param number - undefined: any */
function journalHeader(bytes: Buffer, number: number | undefined): JournalHeader | undefined {
  if (bytes.length < journalHeaderBytes || bytes.readUInt32LE(0) !== journalMagic) return undefined;
  if (crc32(bytes.subarray(8, journalHeaderBytes)) !== bytes.readUInt32LE(4)) return undefined;
  const found = getUint53(bytes, 16);
  if (bytes[8] !== journalVersion || (number !== undefined && found !== number)) return undefined;
  const [flags = 0] = [bytes[9]];
  return { tag: bytes.readUInt32LE(12), number: found, flags, journalBytes: getUint53(bytes, 24) };
}

export interface JournalContents {
  /** What the header says; 0 when it does not hold. */
  readonly number: number;
  /** The entries of each good frame, in order. */
  readonly frames: Buffer[];
  /** Of a journal file: there is a file `holds` beside it. */
  readonly hasHolds: boolean;
  /** Of the file `holds`: bytes of the journal file of that number that were on stable storage when it was written. */
  readonly journalBytes: number;
  /** Its last frame says that the file was closed in order, with all of it on stable storage. */
  readonly isClosed: boolean;
  /** With its entries the file tells the whole state by itself: nothing before its last snapshot's end is missing. */
  readonly complete: boolean;
  /** The last snapshot's end is there, whatever is missing before it. */
  readonly isWhole: boolean;
  /** Bytes that were on stable storage and are no frame. */
  readonly damaged: number;
  /** Bytes that are no frame and may never have been on stable storage: left by a crash, or damaged. */
  readonly torn: number;
  /** The file's tag; undefined when its header does not hold. */
  readonly tag: number | undefined;
  /** Where the last frame ends. What follows was allocated for later ones, or is torn. */
  readonly end: number;
}

/**
 * Reads every good frame of a journal file, past any damage: entries are absolute, so one that is missing makes none of
 * the others wrong. A header that does not hold costs nothing: the frames carry the file's tag, too.
 * @param storedBytes - what is known from elsewhere to have been on stable storage, up to the end of a frame
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
  let complete = false;
  let isWhole = false;
  let damaged = 0;
  let torn = 0;
  let end = journalHeaderBytes;
  const gap = (from: number, to: number): void => {
    damaged += Math.max(0, Math.min(to, synced) - from);
    torn += Math.max(0, to - Math.max(from, synced));
  };
  for (const at of found) {
    gap(end, at);
    end = frameEnd(bytes, at, tag);
    // With a gap before it, a part of the snapshot may be missing that an older file still tells.
    if (bytes.readUInt32LE(at + 12) === frameComplete) {
      isWhole = true;
      complete = damaged + torn === 0;
    }
    frames.push(bytes.subarray(at + frameHeaderBytes, end));
  }
  if (end < synced) damaged += synced - end;
  if (header === undefined && (found.length > 0 || storedBytes > 0)) damaged += journalHeaderBytes;
  const rest = Math.max(end, synced);
  // A file that was created when the power went has no header yet, and what was allocated ahead is zero.
  if (found.length === 0 && header === undefined) torn += usedBytes(bytes, 0);
  else torn += usedBytes(bytes, rest);
  return {
    number: header?.number ?? 0,
    frames,
    hasHolds: header !== undefined && (header.flags & flagHasHolds) !== 0,
    journalBytes: header?.journalBytes ?? 0,
    isClosed: damaged + torn === 0 && isClosing(bytes, found.at(-1)),
    complete,
    isWhole,
    damaged,
    torn,
    tag: header?.tag,
    end,
  };
}

/** A frame without entries that says that all before it was synced. */
function isClosing(bytes: Buffer, at: number | undefined): boolean {
  if (at === undefined || bytes.readUInt32LE(at + 12) !== frameEntries) return false;
  return bytes.readUInt32LE(at + 8) === 0 && bytes.readUInt32LE(at + 20) === at;
}

/** Bytes from `from` on, without the zeros at both ends. */
function usedBytes(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end > from && bytes[end - 1] === 0) end--;
  let start = from;
  while (start < end && bytes[start] === 0) start++;
  return Math.max(0, end - start);
}

/** The tag of the first frame that holds whatever its tag. */
function firstTag(bytes: Buffer): number | undefined {
  let at = bytes.indexOf(frameMagicBytes);
  while (at >= 0 && frameEnd(bytes, at, undefined) === 0) at = bytes.indexOf(frameMagicBytes, at + 1);
  return at < 0 ? undefined : bytes.readUInt32LE(at + 16);
}

/** Where the next good frame from `from` begins; -1 if there is none. */
function nextFrame(bytes: Buffer, from: number, tag: number | undefined): number {
  let at = from;
  while (at >= 0 && frameEnd(bytes, at, tag) === 0) at = bytes.indexOf(frameMagicBytes, at + 1);
  return at;
}

/** Where the frame at `at` ends; 0 if there is no good one. @param tag - of the file; undefined: any */
function frameEnd(bytes: Buffer, at: number, tag: number | undefined): number {
  if (at + frameHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== frameMagic) return 0;
  const end = at + frameHeaderBytes + bytes.readUInt32LE(at + 8);
  if (end > bytes.length || (tag !== undefined && bytes.readUInt32LE(at + 16) !== tag)) return 0;
  return crc32(bytes.subarray(at + 8, end)) === bytes.readUInt32LE(at + 4) ? end : 0;
}
