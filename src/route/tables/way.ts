// What the value of one entry of a table says about the way of a recipient.

import type { NamedTarget } from '../target-key.ts';

export type TableWay =
  /** As if the recipient were in no table. */
  | { readonly kind: 'usual' }
  /** To the MX of its domain, whatever the [[route]] tables say. */
  | { readonly kind: 'mx' }
  /** By the [[route]] of this name. */
  | { readonly kind: 'route'; readonly name: string }
  | { readonly kind: 'target'; readonly target: NamedTarget }
  /** To hosts where this user has to log in. The password beside it in the table is not kept. */
  | { readonly kind: 'login'; readonly target: NamedTarget; readonly user: string }
  /** The entry cannot be understood, or not be done: its mail waits. `why` is a clause such as `it names no host`. */
  | { readonly kind: 'wrong'; readonly why: string };

export const usual: TableWay = { kind: 'usual' };
export const toMx: TableWay = { kind: 'mx' };

export function wrong(why: string): TableWay {
  return { kind: 'wrong', why };
}
