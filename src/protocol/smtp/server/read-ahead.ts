// How far a session goes on while messages of its client wait for stable storage, so that one commit serves several of them, and
// memory stays bounded.

import type { InputQueue } from './input-queue.ts';
import type { ReplyQueue } from './reply-queue.ts';

/** Messages of one session that wait at the same time. */
const maxMessages = 128;
/** Input that is used up behind the oldest of them. */
const maxBytes = 1024 * 1024;
/** Replies that wait behind the oldest of them. */
const maxReplies = 1024;

/** Has a session gone as far as it may before the oldest of its messages is answered? */
export function isFarAhead(input: InputQueue, output: ReplyQueue): boolean {
  const oldest = output.oldestUnanswered;
  if (oldest === undefined) return false;
  return (
    output.unanswered >= maxMessages ||
    output.length >= maxReplies ||
    input.usedBytes - oldest.usedBytes >= maxBytes
  );
}
