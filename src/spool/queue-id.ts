// Queue ids and segment ids as text: Crockford's base 32 with a fixed width, so that names sort as numbers do. A queue id
// is 11 digits of a segment id and 4 digits of a counter (docs/spool-format.md).

import { SpoolError } from './spool-error.ts';

const base32Digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const values = new Int8Array(128).fill(-1);
for (let value = 0; value < 32; value++) values[base32Digits.charCodeAt(value)] = value;

const segmentDigits = 11;
const counterDigits = 4;

/** Number of queue ids of one segment: 2^20. */
export const counterLimit = 32 ** counterDigits;
/** The first slots are the manager's, and those after them the receivers'. */
export const managerSlotCount = 2;
/** Number of slots: at most this many processes of one instance write to the spool. */
export const slotCount = 64;

function encode(value: number, digits: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < digits; index++) {
    text = base32Digits.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Decodes at most six digits, so that the value stays a small integer; -1 if a character is not a digit. */
function decode(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) {
    const code = text.charCodeAt(index);
    const digit = code < 128 ? (values[code] ?? -1) : -1;
    if (digit < 0) return -1;
    value = (value << 5) | digit;
  }
  return value;
}

function decodeSegment(text: string): number {
  const high = decode(text, 0, 5);
  const low = decode(text, 5, segmentDigits);
  const id = high * 2 ** 30 + low;
  return high < 0 || low < 0 || id > Number.MAX_SAFE_INTEGER ? -1 : id;
}

/** The name of a segment's file; also the first 11 characters of queue ids that were made while it was open. */
export function segmentName(id: number): string {
  return encode(id, segmentDigits);
}

/** The segment id of a file name; -1 if the name is not that of a segment. */
export function parseSegmentName(name: string): number {
  return name.length === segmentDigits ? decodeSegment(name) : -1;
}

/** `prefix` is a segment's name, `counter` below `counterLimit`. */
export function formatQueueId(prefix: string, counter: number): string {
  return (
    prefix +
    base32Digits.charAt((counter >>> 15) & 31) +
    base32Digits.charAt((counter >>> 10) & 31) +
    base32Digits.charAt((counter >>> 5) & 31) +
    base32Digits.charAt(counter & 31)
  );
}

/** The segment part of a queue id; -1 if the text is not a queue id. */
export function queueIdSegment(queueId: string): number {
  return queueId.length === segmentDigits + counterDigits ? decodeSegment(queueId) : -1;
}

/** The counter part of a queue id; -1 if the text is not a queue id. */
export function queueIdCounter(queueId: string): number {
  if (queueId.length !== segmentDigits + counterDigits) return -1;
  return decode(queueId, segmentDigits, segmentDigits + counterDigits);
}

/** True if the text has the form of a queue id. */
export function isQueueId(text: string): boolean {
  return queueIdSegment(text) >= 0 && queueIdCounter(text) >= 0;
}

/** The slot of the process that made a segment. */
export function slotOf(segmentId: number): number {
  return segmentId % slotCount;
}

/** Unix ms at which a segment was made, by the clock of its writer. */
export function segmentCreatedMs(segmentId: number): number {
  return Math.floor(segmentId / slotCount);
}

/** Stores of one instance have lanes, so that no two give the same ids: whatever the clocks say, and whoever has a slot. */
export const laneCount = 256;

/**
 * The id of a new segment, above `previous` even if the clock was set back.
 * @param previous - highest id of this slot in the store so far; -1: none
 * @param lane - below `laneCount`, where there are several stores: the time in the id is up to 255 ms ahead then
 */
export function nextSegmentId(previous: number, nowMs: number, slot: number, lane?: number): number {
  if (!Number.isInteger(slot) || slot < 0 || slot >= slotCount) {
    throw new SpoolError(
      'SPOOL_NOT_OPEN',
      `slot ${slot} of a spool writer is not within 0..${slotCount - 1}`,
    );
  }
  const ms = Math.max(Math.floor(nowMs), Math.floor(previous / slotCount) + 1);
  const ahead = lane === undefined ? 0 : (lane - (ms % laneCount) + laneCount) % laneCount;
  return (ms + ahead) * slotCount + slot;
}
