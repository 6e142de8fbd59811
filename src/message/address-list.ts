// Address lists of header fields such as To and Cc (RFC 5322 3.4, with the obsolete forms of 4.4): display names, comments,
// quoted strings, groups and routes are understood, and only the mailboxes come out. Takes time in proportion to the length.

import { parseMailbox } from '../address/path.ts';
import { ListReader } from './address-list-reader.ts';

/** The result of reading an address list. */
export interface AddressList {
  /** Mailboxes in the syntax of SMTP (RFC 5321 4.1.2), in order; a name without a domain has got the default domain. */
  readonly addresses: readonly string[];
  /** Entries that are no valid mailbox, as far as they could be read. */
  readonly invalid: readonly string[];
}

/** The result of reading who has written a message. */
export interface AuthorList extends AddressList {
  /** Texts with an `@` outside of quotes that stand beside a mailbox in angle brackets. Some programs take such a text for the mailbox. */
  readonly strays: readonly string[];
  /** A comment, a quoted string or an angle bracket does not end: programs differ in what they read behind its beginning. */
  readonly isCutOff: boolean;
}

/**
 * Reads an address list.
 *
 * @param text - the value of the field, folded or not
 * @param defaultDomain - what a local name such as `root` is completed with
 */
export function parseAddressList(text: string, defaultDomain: string): AddressList {
  const { addresses, invalid } = parseAuthorList(text, defaultDomain);
  return { addresses, invalid };
}

/** Reads an address list of which it matters what other programs read in it. Parameters are those of `parseAddressList`. */
export function parseAuthorList(text: string, defaultDomain: string): AuthorList {
  const addresses: string[] = [];
  const invalid: string[] = [];
  const reader = new ListReader(text.replaceAll(folds, ''));
  for (const { text: entry } of reader.read()) {
    const address = mailboxOf(entry, defaultDomain);
    if (address === undefined) invalid.push(entry);
    else addresses.push(address);
  }
  return { addresses, invalid, strays: reader.strays, isCutOff: reader.isCutOff };
}

/**
 * The mailbox of an entry in the syntax of SMTP (RFC 5321 4.1.2); undefined when it is none.
 * @param defaultDomain - completes a name without a domain
 */
export function mailboxOf(entry: string, defaultDomain: string): string | undefined {
  const mailbox = parseMailbox(entry.includes('@') ? entry : `${entry}@${defaultDomain}`);
  return mailbox.kind === 'mailbox' && !control.test(entry) ? mailbox.address : undefined;
}

/**
 * RFC 5322 2.2.3: a line end before a blank is a fold, and one at the very end belongs to the field. Any other CR or LF is kept,
 * and makes its entry invalid: if it were removed, the words on both sides would become the address of somebody else.
 */
export const folds = /\r?\n(?=[ \t]|$)/g;

/** RFC 5321 4.1.2 allows no control character in a mailbox, not even in a quoted string. */
const control = /[\x00-\x1f\x7f-\x9f]/;
