// One stored message: a header of 64 bytes, the envelope, zero padding, the content. Little-endian.
// Header and envelope have one checksum, the content another, so that recovery reads no content.

import { crc32 } from 'node:zlib';
import type { Envelope } from '../message/envelope.ts';
import {
  ENVELOPE_VERSION,
  decodeEnvelope,
  decodeOutline,
  encodeEnvelope,
  envelopeBound,
  envelopeVersion,
  type EnvelopeOutline,
} from './envelope-codec.ts';
import { COUNTER_LIMIT, formatQueueId, queueIdCounter, queueIdSegment, segmentName } from './queue-id.ts';
import { SpoolError } from './spool-error.ts';

export const HEADER_BYTES = 64;
export const KIND_MESSAGE = 1;
/** The content is in a file of its own, `large/<queue id>`. */
export const KIND_LARGE = 2;
export const CODEC_NONE = 0;

/** Bytes 'SLRC'. */
export const RECORD_MAGIC = Buffer.from('SLRC', 'latin1');
const MAGIC = RECORD_MAGIC.readUInt32LE(0);
/** More cannot come from `encodeRecord`; a header that says so is garbage. */
const MAX_ENVELOPE = 256 * 1024 * 1024;

const AT_CRC = 4;
const AT_KIND = 8;
const AT_GAP = 11;
const AT_COMMIT = 12;
const AT_SEGMENT = 16;
const AT_COUNTER = 24;
const AT_RECIPIENTS = 28;
const AT_RECEIVED = 32;
const AT_SIZE = 40;
const AT_CONTENT_LENGTH = 48;
const AT_CONTENT_CRC = 52;
const AT_ENVELOPE_LENGTH = 56;
const AT_TAG = 60;

const TWO_32 = 2 ** 32;

export function putUint53(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % TWO_32, at);
  buffer.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

export function getUint53(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * TWO_32;
}

/** The header of a record, read. */
export interface RecordHead {
  readonly kind: number;
  readonly codec: number;
  /** Zero bytes that its commit left before it, in units of 16, rounded up: see `MAX_GAP`. */
  readonly gap: number;
  /** The group commit that wrote it: counts up within a segment. */
  readonly commit: number;
  /** Both parts of the queue id. */
  readonly idSegment: number;
  readonly counter: number;
  readonly recipients: number;
  readonly receivedAtMs: number;
  /** Bytes of the message's content, decoded. */
  readonly sizeBytes: number;
  /** Bytes of content in this record: 0 for a large message. */
  readonly contentLength: number;
  /** Of the stored bytes, in the record or in the large file. */
  readonly contentCrc: number;
  /** Padding included. */
  readonly envelopeLength: number;
  /** The segment's own random number: a forged record inside a message's content does not have it. */
  readonly tag: number;
  /** Bytes of the whole record. */
  readonly length: number;
}

/** True if the reference alone tells that a large file belongs to the record: bit 3 of its length. */
export function isLargeLength(length: number): boolean {
  return (length & 8) !== 0;
}

let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Header, envelope and padding of a new record; `stampRecord` completes it when its segment is known.
 * A record is a multiple of 16 bytes long, that of a large message 8 more: see `isLargeLength`.
 * @throws {SpoolError} `SPOOL_BAD_ENVELOPE` when the queue id is not of this spool's making, a string is too
 * long, or there is no recipient.
 */
export function encodeRecord(
  envelope: Envelope,
  kind: number,
  sizeBytes: number,
  contentLength: number,
  contentCrc: number,
): Buffer {
  const idSegment = queueIdSegment(envelope.queueId);
  const counter = queueIdCounter(envelope.queueId);
  if (idSegment < 0 || counter < 0) {
    throw new SpoolError('SPOOL_BAD_ENVELOPE', `"${envelope.queueId}" is not a queue id of this spool`);
  }
  if (envelope.recipients.length === 0) {
    throw new SpoolError('SPOOL_BAD_ENVELOPE', `message ${envelope.queueId} has no recipient`);
  }
  const bound = HEADER_BYTES + envelopeBound(envelope) + 32;
  if (bound > MAX_ENVELOPE) {
    throw new SpoolError(
      'SPOOL_BAD_ENVELOPE',
      `the envelope of message ${envelope.queueId} is too long to be stored`,
    );
  }
  if (bound > scratch.length) scratch = Buffer.allocUnsafeSlow(bound * 2);
  const end = encodeEnvelope(envelope, scratch, HEADER_BYTES);
  const remainder = (end + contentLength - (kind === KIND_LARGE ? 8 : 0)) & 15;
  const headLength = end + (remainder === 0 ? 0 : 16 - remainder);
  const head = Buffer.allocUnsafe(headLength);
  scratch.copy(head, HEADER_BYTES, HEADER_BYTES, end);
  head.fill(0, end, headLength);
  head.writeUInt32LE(MAGIC, 0);
  head[AT_KIND] = kind;
  head[AT_KIND + 1] = CODEC_NONE;
  head[AT_KIND + 2] = envelopeVersion(envelope);
  head[AT_GAP] = 0;
  putUint53(head, idSegment, AT_SEGMENT);
  head.writeUInt32LE(counter, AT_COUNTER);
  head.writeUInt32LE(envelope.recipients.length, AT_RECIPIENTS);
  putUint53(head, envelope.receivedAtMs, AT_RECEIVED);
  putUint53(head, sizeBytes, AT_SIZE);
  head.writeUInt32LE(contentLength, AT_CONTENT_LENGTH);
  head.writeUInt32LE(contentCrc, AT_CONTENT_CRC);
  head.writeUInt32LE(headLength - HEADER_BYTES, AT_ENVELOPE_LENGTH);
  return head;
}

/** Most zero bytes before a record that its head can tell of. */
export const MAX_GAP = 255 * 16;

/** What `RecordHead.gap` says of so many zero bytes. */
export function gapUnits(bytes: number): number {
  return Math.ceil(bytes / 16);
}

/** Writes commit number, tag, the zero bytes before it, and the checksum into a record's head. */
export function stampRecord(head: Buffer, commit: number, tag: number, gapBytes = 0): void {
  head[AT_GAP] = gapUnits(gapBytes);
  head.writeUInt32LE(commit, AT_COMMIT);
  head.writeUInt32LE(tag, AT_TAG);
  head.writeUInt32LE(crc32(head.subarray(AT_KIND)), AT_CRC);
}

/** Bytes of header and envelope of what claims to be a record at `at`; 0 if it is none. Needs 64 bytes. */
export function headLengthAt(buffer: Buffer, at: number): number {
  if (buffer.readUInt32LE(at) !== MAGIC) return 0;
  const length = buffer.readUInt32LE(at + AT_ENVELOPE_LENGTH);
  return length > MAX_ENVELOPE ? 0 : HEADER_BYTES + length;
}

/** The head at `at`, if all of it is in the buffer and its checksum holds. */
export function parseHead(buffer: Buffer, at: number): RecordHead | undefined {
  if (at + HEADER_BYTES > buffer.length) return undefined;
  const headLength = headLengthAt(buffer, at);
  if (headLength === 0 || at + headLength > buffer.length) return undefined;
  if (crc32(buffer.subarray(at + AT_KIND, at + headLength)) !== buffer.readUInt32LE(at + AT_CRC))
    return undefined;
  return fieldsAt(buffer, at);
}

/**
 * What the header at `at` says although its checksum does not hold; undefined when that cannot be. Needs 64 bytes.
 * For damaged records only: the values are as they are read, and may be wrong.
 */
export function claimedHead(buffer: Buffer, at: number): RecordHead | undefined {
  const kind = buffer[at + AT_KIND] ?? 0;
  const version = buffer[at + AT_KIND + 2] ?? 0;
  if (kind !== KIND_MESSAGE && kind !== KIND_LARGE) return undefined;
  if (version < 1 || version > ENVELOPE_VERSION || buffer[at + AT_KIND + 1] !== CODEC_NONE) return undefined;
  const head = fieldsAt(buffer, at);
  const { counter, envelopeLength, idSegment, recipients } = head;
  if (counter >= COUNTER_LIMIT || idSegment > Number.MAX_SAFE_INTEGER) return undefined;
  // Each recipient takes three bytes at least.
  return recipients > 0 && recipients * 3 <= envelopeLength && envelopeLength <= MAX_ENVELOPE
    ? head
    : undefined;
}

function fieldsAt(buffer: Buffer, at: number): RecordHead {
  const contentLength = buffer.readUInt32LE(at + AT_CONTENT_LENGTH);
  const envelopeLength = buffer.readUInt32LE(at + AT_ENVELOPE_LENGTH);
  return {
    kind: buffer[at + AT_KIND] ?? 0,
    codec: buffer[at + AT_KIND + 1] ?? 0,
    gap: buffer[at + AT_GAP] ?? 0,
    commit: buffer.readUInt32LE(at + AT_COMMIT),
    idSegment: getUint53(buffer, at + AT_SEGMENT),
    counter: buffer.readUInt32LE(at + AT_COUNTER),
    recipients: buffer.readUInt32LE(at + AT_RECIPIENTS),
    receivedAtMs: getUint53(buffer, at + AT_RECEIVED),
    sizeBytes: getUint53(buffer, at + AT_SIZE),
    contentLength,
    contentCrc: buffer.readUInt32LE(at + AT_CONTENT_CRC),
    envelopeLength,
    tag: buffer.readUInt32LE(at + AT_TAG),
    length: HEADER_BYTES + envelopeLength + contentLength,
  };
}

export function headQueueId(head: RecordHead): string {
  return formatQueueId(segmentName(head.idSegment), head.counter);
}

/** The envelope of a record whose head was read from `at`. */
export function envelopeOf(buffer: Buffer, at: number, head: RecordHead): Envelope {
  const queueId = headQueueId(head);
  const end = readableEnd(buffer, at, head, queueId);
  const { receivedAtMs, recipients } = head;
  return decodeEnvelope(buffer, at + HEADER_BYTES, end, { queueId, receivedAtMs, recipients });
}

/** The same without what only delivery needs. */
export function outlineOf(buffer: Buffer, at: number, head: RecordHead, queueId: string): EnvelopeOutline {
  return decodeOutline(buffer, at + HEADER_BYTES, readableEnd(buffer, at, head, queueId), head.recipients);
}

function readableEnd(buffer: Buffer, at: number, head: RecordHead, queueId: string): number {
  const version = buffer[at + AT_KIND + 2] ?? 0;
  if (version < 1 || version > ENVELOPE_VERSION || head.codec !== CODEC_NONE) {
    throw new SpoolError(
      'SPOOL_FORMAT',
      `message ${queueId} is stored in a form that this version cannot read`,
    );
  }
  return at + HEADER_BYTES + head.envelopeLength;
}
