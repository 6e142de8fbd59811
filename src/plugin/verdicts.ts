// Makes verdicts, for plugins: what an author would write as an object, with the reply as one reads it in a log. Pure.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { Edit, StageResult, Verdict } from '../policy/stage.ts';

/**
 * A reply's code, with or without the enhanced status code: `550 5.1.1`, `451`.
 */
export type ReplyCode = `${number}` | `${number} ${number}.${number}.${number}`;

/** The command, or from `headers` on the message, is refused for good. @param code - such as `550 5.7.1` */
export function reject(code: ReplyCode, ...text: readonly string[]): Verdict {
  return { kind: 'reject', reply: replyOf(code, text) };
}

/** It is refused for now: the client comes again. @param code - such as `451 4.7.1` */
export function tempfail(code: ReplyCode, ...text: readonly string[]): Verdict {
  return { kind: 'tempfail', reply: replyOf(code, text) };
}

/** The reply is sent, and the connection is closed. @param code - such as `421 4.7.0` */
export function disconnect(code: ReplyCode, ...text: readonly string[]): Verdict {
  return { kind: 'disconnect', reply: replyOf(code, text) };
}

/** The connection is closed without a reply. */
export const drop: Verdict = { kind: 'drop' };

/** No further stage is asked at this point. */
export function accept(...edits: readonly Edit[]): Verdict {
  return { kind: 'accept', edits };
}

/** The next stage is asked, after these edits. */
export function change(...edits: readonly Edit[]): Verdict {
  return { kind: 'continue', edits };
}

/** The message is answered 250 and dropped. @param reason - for the log */
export function discard(reason: string): Verdict {
  return { kind: 'discard', reason };
}

/** The message is held until an operator releases it. @param reason - for the operator */
export function quarantine(reason: string, ...edits: readonly Edit[]): Verdict {
  return { kind: 'quarantine', reason, edits };
}

/** What this plugin has found out, for stages after it, which call `facts.resultOf('NAME')`. */
export function found(result: StageResult, ...edits: readonly Edit[]): Verdict {
  return { kind: 'continue', edits, result };
}

/** What is no code becomes the code 0, which no verdict may have: the check of the answer then says so. */
function replyOf(code: string, text: readonly string[]): Reply {
  const match = /^(\d{3})(?: (\d\.\d{1,3}\.\d{1,3}))?$/u.exec(code);
  return { code: Number(match?.[1] ?? 0), enhanced: match?.[2], text };
}
