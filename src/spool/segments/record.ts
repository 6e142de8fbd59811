// The record of one stored message: a header of 64 bytes, the envelope, zero padding, the content; little-endian. Header
// and envelope (the head) have one checksum and the content has another, so that recovery need not read contents.
//
// The content of a large message is in a file of its own, and was written before its prefix was known. So its record has
// the prefix in place of the content, and the checksum of the prefix before the envelope. In the record of any other
// message, the prefix is the beginning of the content.

import { crc32 } from 'node:zlib';
import type { Envelope } from '../../message/envelope.ts';
import {
  decodeEnvelope,
  decodeOutline,
  encodeEnvelope,
  envelopeBound,
  type EnvelopeOutline,
} from './envelope-codec.ts';
import { codecNone, codecZstd, hasPossibleSizes } from './content-codec.ts';
import { envelopeFormatVersion, envelopeVersion, hasPrefix, prefixVersionOf } from './envelope-version.ts';
import { counterLimit, formatQueueId, queueIdCounter, queueIdSegment, segmentName } from '../queue-id.ts';
import { SpoolError } from '../spool-error.ts';

export const headerBytes = 64;
export const kindMessage = 1;
/** The content is in a file of its own, `large/<queue id>`. */
export const kindLarge = 2;

/** Bytes 'SLRC'. */
export const recordMagic = Buffer.from('SLRC', 'latin1');
const magic = recordMagic.readUInt32LE(0);
/** `encodeRecord` never makes a longer envelope, so a header with a larger number is garbage. */
const maxEnvelopeBytes = 256 * 1024 * 1024;

const atCrc = 4;
const atKind = 8;
const atGap = 11;
const atCommit = 12;
const atSegment = 16;
const atCounter = 24;
const atRecipients = 28;
const atReceived = 32;
const atSize = 40;
const atContentLength = 48;
const atContentCrc = 52;
const atEnvelopeLength = 56;
const atTag = 60;
/** Of a large message with a prefix; the envelope follows. */
const atPrefixCrc = headerBytes;
export const prefixCrcBytes = 4;
/** Far more than trace fields and signatures need. It bounds what is read into memory for a large message. */
const maxPrefixBytes = 1024 * 1024;

const two32 = 2 ** 32;

export function putUint53(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % two32, at);
  buffer.writeUInt32LE(Math.floor(value / two32), at + 4);
}

export function getUint53(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * two32;
}

/** The fields of a record's header. */
export interface RecordHead {
  readonly kind: number;
  readonly codec: number;
  /** Version of the envelope, and of what stands before it. */
  readonly version: number;
  /** Zero bytes before the record, in units of 16 and rounded up: see `maxGapBytes`. */
  readonly gap: number;
  /** Number of the group commit that wrote it; counts up within a segment. */
  readonly commit: number;
  /** Both parts of the queue id. */
  readonly idSegment: number;
  readonly counter: number;
  readonly recipients: number;
  readonly receivedAtMs: number;
  /** Bytes of the whole message, prefix included. */
  readonly sizeBytes: number;
  /** Bytes of the message that are in this record, as they are stored. Of a large message, this is its prefix. */
  readonly contentLength: number;
  /** Checksum of the stored content, in the record or in the large file. */
  readonly contentCrc: number;
  /** Bytes of envelope and padding, and of the prefix's checksum if there is a prefix. */
  readonly envelopeLength: number;
  /** The segment's random number, which a forged record inside a message's content does not have. */
  readonly tag: number;
  /** Bytes of the whole record. */
  readonly length: number;
}

/** True if the record is that of a large message: bit 3 of its length tells it, so a reference is enough. */
export function isLargeLength(length: number): boolean {
  return (length & 8) !== 0;
}

let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Encodes header, envelope and padding of a new record; `stampRecord` completes them when the segment is known. The length
 * of a record is a multiple of 16 bytes; that of a large message is 8 bytes longer (see `isLargeLength`).
 * @param contentLength - bytes that follow in the record; of a large message, those of its prefix
 * @param contentCrc - checksum of the content as it is stored; of a large message, that of its file
 * @param prefix - of a large message only, where the prefix is not a part of the content
 * @param codec - of the content
 * @throws {SpoolError} `SPOOL_BAD_ENVELOPE` when the queue id does not have the form of a queue id, a string or the prefix
 * is too long, or there is no recipient.
 */
export function encodeRecord(
  envelope: Envelope,
  kind: number,
  sizeBytes: number,
  contentLength: number,
  contentCrc: number,
  prefix?: Uint8Array,
  codec = codecNone,
): Buffer {
  const idSegment = queueIdSegment(envelope.queueId);
  const counter = queueIdCounter(envelope.queueId);
  if (idSegment < 0 || counter < 0) {
    throw new SpoolError('SPOOL_BAD_ENVELOPE', `"${envelope.queueId}" is not a queue id of this spool`);
  }
  if (envelope.recipients.length === 0) {
    throw new SpoolError('SPOOL_BAD_ENVELOPE', `message ${envelope.queueId} has no recipient`);
  }
  if (prefix !== undefined && prefix.length > maxPrefixBytes) {
    const text = `${prefix.length} bytes of header fields are too many to be put before message ${envelope.queueId}`;
    throw new SpoolError('SPOOL_BAD_ENVELOPE', text);
  }
  const bound = headerBytes + envelopeBound(envelope) + 32;
  if (bound > maxEnvelopeBytes) {
    throw new SpoolError(
      'SPOOL_BAD_ENVELOPE',
      `the envelope of message ${envelope.queueId} is too long to be stored`,
    );
  }
  if (bound > scratch.length) scratch = Buffer.allocUnsafeSlow(bound * 2);
  let start = headerBytes;
  if (prefix !== undefined) start = scratch.writeUInt32LE(crc32(prefix), atPrefixCrc);
  const end = encodeEnvelope(envelope, scratch, start);
  const remainder = (end + contentLength - (kind === kindLarge ? 8 : 0)) & 15;
  const headLength = end + (remainder === 0 ? 0 : 16 - remainder);
  const head = Buffer.allocUnsafe(headLength);
  scratch.copy(head, headerBytes, headerBytes, end);
  head.fill(0, end, headLength);
  head.writeUInt32LE(magic, 0);
  head[atKind] = kind;
  head[atKind + 1] = codec;
  head[atKind + 2] = prefix === undefined ? envelopeVersion(envelope) : prefixVersionOf(envelope);
  head[atGap] = 0;
  putUint53(head, idSegment, atSegment);
  head.writeUInt32LE(counter, atCounter);
  head.writeUInt32LE(envelope.recipients.length, atRecipients);
  putUint53(head, envelope.receivedAtMs, atReceived);
  putUint53(head, sizeBytes, atSize);
  head.writeUInt32LE(contentLength, atContentLength);
  head.writeUInt32LE(contentCrc, atContentCrc);
  head.writeUInt32LE(headLength - headerBytes, atEnvelopeLength);
  return head;
}

/** Largest gap before a record that its header can express. */
export const maxGapBytes = 255 * 16;

/** The value of `RecordHead.gap` for a gap of this length. */
export function gapUnits(bytes: number): number {
  return Math.ceil(bytes / 16);
}

/** Writes commit number, tag, gap and checksum into a record's head. @param gapBytes - zero bytes before the record */
export function stampRecord(head: Buffer, commit: number, tag: number, gapBytes = 0): void {
  head[atGap] = gapUnits(gapBytes);
  head.writeUInt32LE(commit, atCommit);
  head.writeUInt32LE(tag, atTag);
  head.writeUInt32LE(crc32(head.subarray(atKind)), atCrc);
}

/** Length of the head at `at`, which is not checked; 0 if there is no record. Needs 64 bytes in the buffer. */
export function headLengthAt(buffer: Buffer, at: number): number {
  if (buffer.readUInt32LE(at) !== magic) return 0;
  const length = buffer.readUInt32LE(at + atEnvelopeLength);
  return length > maxEnvelopeBytes ? 0 : headerBytes + length;
}

/** The tag of the head at `at`, which is not checked. Needs 64 bytes in the buffer. */
export function tagAt(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + atTag);
}

/** The head at `at`, if all of it is in the buffer and its checksum matches. */
export function parseHead(buffer: Buffer, at: number): RecordHead | undefined {
  if (at + headerBytes > buffer.length) return undefined;
  const headLength = headLengthAt(buffer, at);
  if (headLength === 0 || at + headLength > buffer.length) return undefined;
  if (crc32(buffer.subarray(at + atKind, at + headLength)) !== buffer.readUInt32LE(at + atCrc))
    return undefined;
  const head = fieldsAt(buffer, at);
  return hasPossiblePrefix(head) && hasPossibleCodec(head) ? head : undefined;
}

/**
 * Reads the header at `at` although its checksum does not match; undefined when the values are impossible. The values may
 * be wrong: for damaged records only. Needs 64 bytes in the buffer.
 */
export function uncheckedHead(buffer: Buffer, at: number): RecordHead | undefined {
  const kind = buffer[at + atKind] ?? 0;
  const version = buffer[at + atKind + 2] ?? 0;
  if (kind !== kindMessage && kind !== kindLarge) return undefined;
  if (version < 1 || version > envelopeFormatVersion) return undefined;
  const head = fieldsAt(buffer, at);
  if (head.codec > codecZstd || !hasPossibleCodec(head)) return undefined;
  const { counter, envelopeLength, idSegment, recipients } = head;
  if (counter >= counterLimit || idSegment > Number.MAX_SAFE_INTEGER) return undefined;
  if (!hasPossiblePrefix(head)) return undefined;
  // Each recipient needs at least three bytes.
  return recipients > 0 && recipients * 3 <= envelopeLength && envelopeLength <= maxEnvelopeBytes
    ? head
    : undefined;
}

/** Only the record of a large message has a prefix of its own, and only with these versions. */
function hasPossiblePrefix({ kind, version, contentLength, envelopeLength, sizeBytes }: RecordHead): boolean {
  // What a later version means is not known here: `readableEnd` refuses it.
  if (version > envelopeFormatVersion) return true;
  if (!hasPrefix(version)) return kind !== kindLarge || contentLength === 0;
  const isBounded = contentLength <= maxPrefixBytes && contentLength <= sizeBytes;
  return kind === kindLarge && isBounded && envelopeLength >= prefixCrcBytes;
}

/** Only a message that is not large is compressed, and only one of bounded size. What a later codec means is not known here. */
function hasPossibleCodec({ codec, kind, contentLength, sizeBytes }: RecordHead): boolean {
  return codec !== codecZstd || (kind === kindMessage && hasPossibleSizes(sizeBytes, contentLength));
}

/** The checksum of the bytes that follow the head in the record: the content, or the prefix of a large message. */
export function storedCrcOf(buffer: Buffer, at: number, { kind, version, contentCrc }: RecordHead): number {
  if (hasPrefix(version)) return buffer.readUInt32LE(at + atPrefixCrc);
  return kind === kindLarge ? 0 : contentCrc;
}

function envelopeStart(at: number, { version }: RecordHead): number {
  return at + headerBytes + (hasPrefix(version) ? prefixCrcBytes : 0);
}

function fieldsAt(buffer: Buffer, at: number): RecordHead {
  const contentLength = buffer.readUInt32LE(at + atContentLength);
  const envelopeLength = buffer.readUInt32LE(at + atEnvelopeLength);
  return {
    kind: buffer[at + atKind] ?? 0,
    codec: buffer[at + atKind + 1] ?? 0,
    version: buffer[at + atKind + 2] ?? 0,
    gap: buffer[at + atGap] ?? 0,
    commit: buffer.readUInt32LE(at + atCommit),
    idSegment: getUint53(buffer, at + atSegment),
    counter: buffer.readUInt32LE(at + atCounter),
    recipients: buffer.readUInt32LE(at + atRecipients),
    receivedAtMs: getUint53(buffer, at + atReceived),
    sizeBytes: getUint53(buffer, at + atSize),
    contentLength,
    contentCrc: buffer.readUInt32LE(at + atContentCrc),
    envelopeLength,
    tag: buffer.readUInt32LE(at + atTag),
    length: headerBytes + envelopeLength + contentLength,
  };
}

export function headQueueId(head: RecordHead): string {
  return formatQueueId(segmentName(head.idSegment), head.counter);
}

/** Decodes the envelope of a record whose head was read from `at`. */
export function envelopeOf(buffer: Buffer, at: number, head: RecordHead): Envelope {
  const queueId = headQueueId(head);
  const end = readableEnd(at, head, queueId);
  const { receivedAtMs, recipients } = head;
  return decodeEnvelope(buffer, envelopeStart(at, head), end, { queueId, receivedAtMs, recipients });
}

/** Decodes only the part of the envelope that scheduling needs. */
export function outlineOf(buffer: Buffer, at: number, head: RecordHead, queueId: string): EnvelopeOutline {
  return decodeOutline(buffer, envelopeStart(at, head), readableEnd(at, head, queueId), head.recipients);
}

/** Offset of the end of the envelope. @throws {SpoolError} `SPOOL_FORMAT` when this version cannot read it */
function readableEnd(at: number, head: RecordHead, queueId: string): number {
  const { version } = head;
  if (version < 1 || version > envelopeFormatVersion || head.codec > codecZstd) {
    throw new SpoolError(
      'SPOOL_FORMAT',
      `message ${queueId} is stored in a form that this version cannot read`,
    );
  }
  return at + headerBytes + head.envelopeLength;
}
