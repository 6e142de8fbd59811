// What the sender hears who has asked for a report of success, when the mail goes on to others (RFC 3461 5.2.7).

import type { Envelope } from '../message/envelope.ts';
import type { Onward } from '../values/onward-mail.ts';
import type { AttemptResult } from './types.ts';

type Reported = Pick<AttemptResult, 'relayedTo' | 'isFinal' | 'isExpanded'>;

/**
 * @param reported - of a delivery that ends here
 * @returns undefined: the new message carries the request on, because it is all that becomes of the mail
 */
export function onwardReport(
  { mails, hasCopy }: Onward,
  reported: Reported,
  { reversePath }: Pick<Envelope, 'reversePath'>,
): Reported | undefined {
  const forwards = mails.filter(({ content }) => content === undefined);
  // A list has a sender of its own, who hears of what comes later (RFC 3461 5.2.7.1).
  if (hasCopy || forwards.some((mail) => mail.reversePath !== reversePath)) return reported;
  const count = forwards.reduce((sum, { recipients }) => sum + recipients.length, 0);
  const { relayedTo } = reported;
  return count === 1 ? undefined : { relayedTo, isExpanded: true };
}
