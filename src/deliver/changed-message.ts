// A stored message as a route sends it: with another header. What is stored stays as it is.

import { changedHeader } from '../message/changed-header.ts';
import type { StoredMessage } from '../spool/types.ts';
import type { HeaderChanges } from '../values/header-changes.ts';
import type { OpenedMessage } from './open-message.ts';

/** The end of a header: of its last field, and the empty line. */
const headerEnd = Buffer.from('\r\n\r\n');
/** Of a message that is streamed: fields behind these bytes stay as they are. */
const mostHeaderBytes = 1_048_576;

/** Without a promise for a message in memory. @throws {SpoolError} through the promise, when the message cannot be read */
export function withHeaderChanges(
  opened: OpenedMessage,
  changes: HeaderChanges,
): OpenedMessage | Promise<OpenedMessage> {
  const { message } = opened;
  if (message.content === undefined)
    return streamed(message, changes).then((changed) => ({ ...opened, message: changed }));
  const { bytes, from } = changedHeader(message.content, true, changes);
  const content = Buffer.concat([bytes, message.content.subarray(from)]);
  async function* stream(): AsyncIterable<Uint8Array> {
    yield content;
  }
  return { ...opened, message: { ...message, content, sizeBytes: content.length, stream } };
}

async function streamed(message: StoredMessage, changes: HeaderChanges): Promise<StoredMessage> {
  const { head, isWhole } = await headOf(message);
  const { bytes, from } = changedHeader(head, isWhole, changes);
  async function* stream(): AsyncIterable<Uint8Array> {
    let left = from;
    yield bytes;
    for await (const piece of message.stream()) {
      if (left < piece.length) yield piece.subarray(left);
      left = Math.max(0, left - piece.length);
    }
  }
  return { ...message, sizeBytes: message.sizeBytes - from + bytes.length, stream };
}

async function headOf(message: StoredMessage): Promise<{ readonly head: Buffer; readonly isWhole: boolean }> {
  let head = Buffer.alloc(0);
  for await (const piece of message.stream()) {
    const from = Math.max(0, head.length - headerEnd.length);
    head = Buffer.concat([head, piece]);
    if (head.includes(headerEnd, from)) return { head, isWhole: true };
    if (head.length >= mostHeaderBytes) return { head, isWhole: false };
  }
  return { head, isWhole: true };
}
