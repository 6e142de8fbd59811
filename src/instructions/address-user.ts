// Which user of the system an address is for: the longest beginning of its local part that is the name of a user, with the rest as the extension
// (qmail-getpw(8)); in lower case, as names of users are. Pure: users are looked up by what is handed in.

import { partsOf } from '../address/mailbox-parts.ts';

/** One way to understand a local part. */
export interface Reading {
  readonly user: string;
  /** The character in front of the extension; empty: there is none. */
  readonly separator: string;
  readonly extension: string;
}

/** Of the separators of an address, as many are looked at. */
const mostReadings = 8;

/** From the longest name on. @param separators - characters; empty: there are no extensions */
export function readingsOf(address: string, separators: string): readonly Reading[] {
  const local = partsOf(address).content.toLowerCase();
  const readings: Reading[] = [{ user: local, separator: '', extension: '' }];
  for (let at = local.length - 1; at > 0 && readings.length < mostReadings; at--) {
    const separator = local.charAt(at);
    if (separators.includes(separator))
      readings.push({ user: local.slice(0, at), separator, extension: local.slice(at + 1) });
  }
  return readings;
}

export type Looked<User> =
  | (Reading & { readonly kind: 'found'; readonly account: User })
  | { readonly kind: 'absent' }
  | { readonly kind: 'failing'; readonly reason: string };

type Answer<User> =
  | User
  | { readonly kind: 'absent' }
  | { readonly kind: 'failing'; readonly reason: string };

/** @param find - asked for one name after the other */
export async function findReading<User extends { readonly kind: 'user' }>(
  address: string,
  separators: string,
  find: (user: string) => Promise<Answer<User>>,
): Promise<Looked<User>> {
  for (const reading of readingsOf(address, separators)) {
    const answer = await find(reading.user);
    if (answer.kind === 'failing') return answer;
    if (answer.kind === 'user') return { kind: 'found', ...reading, account: answer };
  }
  return { kind: 'absent' };
}
