// How far the mail of one user may multiply by forwards to further addresses of the same user: `joe-default` that names a hundred of joe-1, joe-2, …
// would fill the spool of all, since no address is met twice. Promise: of one message, a user makes a bounded number of others for this user.

import { readingsOf } from '../../instructions/address-user.ts';
import { deliveredBefore } from '../local/delivered-before.ts';

/** Addresses of the same user that one delivery may name, by how often the message was delivered to the user before; later, one. */
const mostNamed = [100, 10];
/** Deliveries of a message to a user, and to addresses of the same user. */
const mostPassed = 10;

/** Names that begin in the same way, as far as a separator, count for one user: who the users are, this process cannot always see. */
function userOf(address: string, separators: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return `${readingsOf(address, separators).at(-1)?.user ?? ''}@${domain}`;
}

/** Of the addresses that a message was delivered to, those of the user that this one is for. */
export function passedOwn(passed: Iterable<string>, recipient: string, separators: string): number {
  const user = userOf(recipient, separators);
  let count = 0;
  for (const address of passed) if (userOf(address, separators) === user) count++;
  return count;
}

/**
 * @param passed - how often the message was delivered to this user before
 * @param named - where the user's file sends it on to
 * @returns enhanced status and text (RFC 3463 3.5: routing loop); undefined: it may go on
 */
export function ownLoop(
  recipient: string,
  separators: string,
  passed: number,
  named: readonly string[],
): readonly [status: string, text: string] | undefined {
  const [status] = deliveredBefore(recipient);
  if (passed >= mostPassed)
    return [status, `mail loop: the message was delivered to addresses of this user ${passed} times`];
  const own = passedOwn(named, recipient, separators);
  const most = mostNamed[passed] ?? 1;
  if (own <= most) return undefined;
  return [
    status,
    `mail loop: the user forwards it to ${own} addresses of the same user, and only ${most} may be named`,
  ];
}
