// What the value of one entry of a table says about the way of a recipient.

import { nameOf, type NamedTarget } from '../target-key.ts';

type NamedHosts = Extract<NamedTarget, { readonly kind: 'smarthost' }>;

export type TableWay =
  /** As if the recipient were in no table. */
  | { readonly kind: 'usual' }
  /** To the MX of its domain, whatever the [[route]] tables say. */
  | { readonly kind: 'mx' }
  /** By the [[route]] of this name. */
  | { readonly kind: 'route'; readonly name: string }
  | { readonly kind: 'target'; readonly target: NamedTarget }
  /** To hosts where this user has to log in. The password beside it in the table is not kept. */
  | { readonly kind: 'login'; readonly target: NamedHosts; readonly user: string }
  /** The entry cannot be understood, or not be done: its mail waits. `why` is a clause such as `it names no host`. */
  | { readonly kind: 'wrong'; readonly why: string };

export const usual: TableWay = { kind: 'usual' };
export const toMx: TableWay = { kind: 'mx' };

export function wrong(why: string): TableWay {
  return { kind: 'wrong', why };
}

/** Why an entry with a user cannot be used. @param found - how many credentials have this user */
export function whyNoLogin(
  { target, user }: Extract<TableWay, { readonly kind: 'login' }>,
  found: 'none' | 'several',
): string {
  const what = `it wants a log-in as ${JSON.stringify(user)} at ${nameOf(target)}, and`;
  return found === 'none'
    ? `${what} no [[credential]] has this user: write one, with the password in a file of its own`
    : `${what} several [[credential]] have this user: only one may`;
}
