// The contract of what knows which recipients exist. Promises: a source that cannot tell says so, and never answers "unknown" for that
// reason: whoever asks then answers 4xx.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';

/** The recipient that is asked for. */
export interface AskedRecipient {
  /** As the client gave it, or an earlier stage has changed it, without brackets. */
  readonly address: string;
  /** With its quotes if it has quotes. */
  readonly localPart: string;
  /** In lower-case A-labels, or an address literal. */
  readonly domain: string;
}

export type RecipientAnswer =
  | { readonly kind: 'exists' }
  | { readonly kind: 'unknown' }
  /** It exists, or may exist, and takes no mail: it is answered with this reply of 4xx or 5xx. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** The source cannot tell now. `reason` is one clause, without a final period. */
  | { readonly kind: 'failing'; readonly reason: string };

export interface RecipientSource {
  /** Asking costs a program, or a connection to another server. */
  readonly isCostly?: true | undefined;
  /** It never throws and never rejects. */
  find(recipient: AskedRecipient): RecipientAnswer | Promise<RecipientAnswer>;
  /** Why the domain of the recipient takes no mail at all; undefined: it may take some. It never rejects. */
  domainRefusal?(recipient: AskedRecipient): Promise<Reply | undefined>;
}

export const exists: RecipientAnswer = { kind: 'exists' };
export const unknown: RecipientAnswer = { kind: 'unknown' };

/**
 * Splits an address that was parsed before, by its last `@`. Without one, all of it is the local part.
 * @param domain - as `domainOf` has it
 */
export function askedRecipient(address: string, domain: string): AskedRecipient {
  const at = address.lastIndexOf('@');
  return { address, localPart: at === -1 ? address : address.slice(0, at), domain };
}
