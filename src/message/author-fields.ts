// Who a message says it is from: the From and Sender fields (RFC 5322 3.6.2). Promises: when another program may read another author out of the
// same header, that is said, and no author is made up.

import { parseAuthorList } from './address-list.ts';
import type { Field } from './editable-header.ts';

export type Authors =
  /** Without duplicates. Empty: there is neither field. */
  | { readonly kind: 'addresses'; readonly from: readonly string[]; readonly sender: readonly string[] }
  /** @param problem - a clause for people */
  | { readonly kind: 'unclear'; readonly problem: string };

/**
 * A field of this name where only some programs see one, perhaps behind a byte order mark or other bytes that nobody sees; or a line that only some
 * take for the empty one at the end of the header.
 */
const strayName = /^[^\t\n\r\x20-\x7e]*(?:from|sender)[\0-\x20]*:|^\r\r/imu;
/** RFC 5322 2.2: none of these ends a line, but some programs take it for an end. */
const hiddenName = /[\0\v\f\r](?:from|sender)[\0-\x20]*:/iu;

/**
 * @param strayLines - the lines of the header from the first one that is no field
 * @param defaultDomain - completes a name without a domain
 */
export function authorsOf(fields: readonly Field[], strayLines: string, defaultDomain: string): Authors {
  const hidden = hiddenAuthor(fields, strayLines);
  if (hidden !== undefined) return unclear(hidden);
  const found: Record<'from' | 'sender', readonly string[]> = { from: [], sender: [] };
  const seen = new Set<string>();
  for (const { name, value } of fields) {
    if (name !== 'from' && name !== 'sender') continue;
    // RFC 5322 3.6: each is there once at most. Which one counts, programs do not agree on.
    if (seen.has(name)) return unclear(`there is more than one ${titles[name]} field`);
    seen.add(name);
    const { addresses, invalid, strays, isCutOff } = parseAuthorList(value, defaultDomain);
    // "bob@example.com <joe@example.com>": which of the two is the author, programs do not agree on.
    const beside = strays.flatMap(mailboxesIn);
    if (invalid.length > 0 || addresses.length === 0 || isCutOff)
      return unclear(`the ${titles[name]} field cannot be read`);
    found[name] = [...new Set([...addresses, ...beside])];
  }
  return { kind: 'addresses', ...found };
}

/**
 * A From or Sender field that only some programs see.
 * @param strayLines - the lines of the header from the first one that is no field
 * @returns what is wrong, as a clause for people; undefined when there is none
 */
export function hiddenAuthor(fields: readonly Field[], strayLines: string): string | undefined {
  if (strayName.test(strayLines)) return 'a line of the header is no field';
  const holder = fields.find(({ value }) => hiddenName.test(value));
  return holder === undefined ? undefined : `the field ${holder.name} has a From or Sender field in it`;
}

/** What looks like a mailbox in a text beside another one; the whole text when nothing does. */
export function mailboxesIn(stray: string): readonly string[] {
  return stray.match(mailboxLike) ?? [stray];
}

// From the start of a word alone, so that a long one is gone over once.
const mailboxLike = /(?<![^\s\0-\x1f\x7f@])[^\s\0-\x1f\x7f@]+@[^\s\0-\x1f\x7f@]+/gu;

const titles = { from: 'From', sender: 'Sender' } as const;

function unclear(problem: string): Authors {
  return { kind: 'unclear', problem };
}
