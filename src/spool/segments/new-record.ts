// The record of a new message that is not large: as it came, or compressed.

import { crc32 } from 'node:zlib';
import { SpoolError } from '../spool-error.ts';
import type { NewMessage } from '../types.ts';
import { codecZstd, compressed, isWorthCompressing } from './content-codec.ts';
import { encodeRecord, kindMessage } from './record.ts';
import type { NewRecord } from './segment-file.ts';

const maxContentBytes = 0x7fffffff;

/** A record that is complete but for its place. */
export interface EncodedMessage {
  readonly record: NewRecord;
  /** Bytes of the message, prefix included. */
  readonly sizeBytes: number;
}

/** @throws {SpoolError} as `encodeRecord`, and when the message is too long for a record */
export function encodeMessage({ envelope, prefix, content }: NewMessage): EncodedMessage {
  let sizeBytes = prefix?.length ?? 0;
  let crc = prefix === undefined ? 0 : crc32(prefix);
  for (const piece of content) {
    sizeBytes += piece.length;
    crc = crc32(piece, crc);
  }
  if (sizeBytes > maxContentBytes) {
    throw new SpoolError(
      'SPOOL_BAD_ENVELOPE',
      `storing a message: ${sizeBytes} bytes are too many for a record; use openLarge`,
    );
  }
  const head = encodeRecord(envelope, kindMessage, sizeBytes, sizeBytes, crc);
  return { record: { head, prefix, content, length: head.length + sizeBytes }, sizeBytes };
}

/**
 * Compresses prefix and content together, unless that would not make the message shorter.
 * @param level - of zstd
 * @throws {SpoolError} as `encodeMessage`
 */
export function encodeCompressed(
  message: NewMessage,
  level: number,
): EncodedMessage | Promise<EncodedMessage> {
  const { prefix, content } = message;
  let sizeBytes = prefix?.length ?? 0;
  for (const { length } of content) sizeBytes += length;
  if (!isWorthCompressing(sizeBytes)) return encodeMessage(message);
  const whole = Buffer.concat(prefix === undefined ? content : [prefix, ...content], sizeBytes);
  const stored = compressed(whole, level);
  return stored instanceof Promise
    ? stored.then((bytes) => withStored(message, sizeBytes, bytes))
    : withStored(message, sizeBytes, stored);
}

function withStored(message: NewMessage, sizeBytes: number, stored: Buffer | undefined): EncodedMessage {
  if (stored === undefined) return encodeMessage(message);
  const { length } = stored;
  const crc = crc32(stored);
  const head = encodeRecord(message.envelope, kindMessage, sizeBytes, length, crc, undefined, codecZstd);
  return { record: { head, content: [stored], length: head.length + length }, sizeBytes };
}
