// The first 32 bytes of every segment: its id, the process that wrote it, and the tag that its records have.

import { crc32 } from 'node:zlib';
import { getUint53, putUint53 } from './record.ts';

export const segmentHeaderBytes = 32;

const magic = Buffer.from('SLSG', 'latin1').readUInt32LE(0);
const version = 1;
const flagLongLived = 1;
const flagUnsynced = 2;

export interface SegmentHeader {
  readonly id: number;
  /** Id of the first segment of the writing process. A newer value in the same slot means that this process has ended. */
  readonly epoch: number;
  /** Random; see `RecordHead.tag`. */
  readonly tag: number;
  /** Made by the store for messages that wait long. */
  readonly longLived: boolean;
  /** Written without fdatasync, so any record in it may be torn after a crash. */
  readonly unsynced: boolean;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const buffer = Buffer.alloc(segmentHeaderBytes);
  buffer.writeUInt32LE(magic, 0);
  buffer[8] = version;
  buffer[9] = (header.longLived ? flagLongLived : 0) | (header.unsynced ? flagUnsynced : 0);
  buffer.writeUInt32LE(header.tag, 12);
  putUint53(buffer, header.id, 16);
  putUint53(buffer, header.epoch, 24);
  buffer.writeUInt32LE(crc32(buffer.subarray(8)), 4);
  return buffer;
}

/** Undefined when the header is cut short, damaged, or not that of a segment. */
export function parseSegmentHeader(buffer: Buffer): SegmentHeader | undefined {
  if (buffer.length < segmentHeaderBytes || buffer.readUInt32LE(0) !== magic) return undefined;
  if (crc32(buffer.subarray(8, segmentHeaderBytes)) !== buffer.readUInt32LE(4)) return undefined;
  if (buffer[8] !== version) return undefined;
  const flags = buffer[9] ?? 0;
  return {
    id: getUint53(buffer, 16),
    epoch: getUint53(buffer, 24),
    tag: buffer.readUInt32LE(12),
    longLived: (flags & flagLongLived) !== 0,
    unsynced: (flags & flagUnsynced) !== 0,
  };
}
