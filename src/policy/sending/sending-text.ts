// What clients and operators are told about a sending limit.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { Rate } from '../../values/rate.ts';
import type { Again, ExceededSending, SendingQuantity, SendingTurn } from './types.ts';

const periods = new Map([
  [1000, 'a second'],
  [60_000, 'a minute'],
  [3_600_000, 'an hour'],
  [86_400_000, 'a day'],
]);

/** `200 messages an hour`. */
export function allowedText(quantity: SendingQuantity, { count, perMs }: Rate): string {
  const what = count === 1 ? quantity.slice(0, -1) : quantity;
  return `${count} ${what} ${periodText(perMs)}`;
}

/** `a minute`. */
export function periodText(perMs: number): string {
  return periods.get(perMs) ?? `in ${perMs} ms`;
}

/** For operators: `user joe@example.com: 200 messages an hour`. */
export function limitText({ by, key, quantity, rate }: ExceededSending): string {
  return `${by.replace('_', ' ')} ${key}: ${allowedText(quantity, rate)}`;
}

/** What follows `250 2.0.0`. */
export function queuedText(queueId: string, turn: SendingTurn | undefined): string {
  if (turn === undefined) return `queued as ${queueId}`;
  const { limit, at } = turn;
  const rule = `${whoText(limit)} may send ${allowedText(limit.quantity, limit.rate)}`;
  return `queued as ${queueId}, to go out at ${dateText(at)}: ${rule}`;
}

/** RFC 5321 4.2.2: 450 is also for what is not taken for policy reasons; RFC 3463 3.8: X.7.1 delivery not authorized. */
export function exceededReply(limit: ExceededSending, again: Again | undefined): Reply {
  const rule = `${whoText(limit)} may send ${allowedText(limit.quantity, limit.rate)}`;
  const when =
    again === undefined
      ? 'a message to so many recipients is not possible'
      : `try again at ${dateText(again.at)}, in ${spanText(again.inMs)}`;
  return { code: 450, enhanced: '4.7.1', text: `${rule}: ${when}` };
}

/**
 * RFC 5321 4.5.3.1.10: the client sends the message to those who were accepted, and to the others in another transaction. RFC 3463 3.6:
 * X.5.3 too many recipients.
 */
export function tooManyRecipients(most: number): Reply {
  return {
    code: 452,
    enhanced: '4.5.3',
    text: `A message from you may have ${most} recipients at most`,
  };
}

/** RFC 3463 3.4: a fault of our own system. */
export const cannotCount: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'Sending limits cannot be checked now, try again later',
};

/** To the second, never earlier than the time itself. */
export function dateText(ms: number): string {
  return new Date(Math.ceil(ms / 1000) * 1000).toISOString().replace('.000', '');
}

function whoText({ by, key }: ExceededSending): string {
  switch (by) {
    case 'user':
      return 'You';
    case 'client':
      return 'Your address';
    case 'tenant':
      return `The tenant ${key}`;
    case 'sender_domain':
      return `Senders of ${key}`;
  }
}

/** Rounded up, in the largest unit of which there are two at least. */
function spanText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  for (const [unit, size] of [
    ['days', 86_400],
    ['hours', 3_600],
    ['minutes', 60],
  ] as const) {
    if (seconds >= 2 * size) return `${Math.ceil(seconds / size)} ${unit}`;
  }
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}
