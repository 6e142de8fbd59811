// The authors of a message: the domains in From, for which DMARC asks whether they stand for it (RFC 9989 5.3). Programs for mail show
// From as the sender, and differ in what they show of a malformed one. So whatever they might show counts.

import { isQueryable } from '../dns/domain-name.ts';
import { domainOf } from '../address/domain.ts';
import { type AuthorList, parseAuthorList } from '../message/address-list.ts';
import { hiddenAuthor, mailboxesIn } from '../message/author-fields.ts';
import type { Field } from '../message/editable-header.ts';

export interface Authors {
  /** Every domain, once, in lower-case A-labels, in order. */
  readonly domains: readonly string[];
  /** Why this From can never pass, for people; undefined for one that is well-formed (RFC 5322 3.6.2). */
  readonly fault: string | undefined;
}

/** More domains than any message of several authors has: each costs look-ups. */
const maxDomains = 5;

/** @param strayLines - the lines of the header from the first one that is no field */
export function readAuthors(fields: readonly Field[], strayLines: string): Authors {
  const values = fields.filter(({ name }) => name === 'from').map(({ value }) => value);
  const hidden = hiddenAuthor(fields, strayLines);
  const [value, second] = values;
  if (value === undefined) return { domains: [], fault: hidden ?? 'there is no From field' };
  const lists = values.slice(0, maxDomains).map((each) => parseAuthorList(each, ''));
  // "bob@example.com <joe@example.net>": some programs show the first one as the author.
  const found = lists
    .flatMap(({ addresses, strays }) => [...addresses, ...strays.flatMap(mailboxesIn)].map(domainOf))
    .filter(isName);
  const domains = [...new Set(found)];
  const fault =
    hidden ?? (second === undefined ? faultOf(value, lists[0], domains) : 'there are several From fields');
  return { domains: domains.slice(0, maxDomains), fault };
}

/** An address literal is no name, and nobody can have a policy for it. */
function isName(domain: string): boolean {
  return isQueryable(domain) && !domain.startsWith('[');
}

/** RFC 5322 3.2: no control character belongs into a field, but for tabs and folds. Some programs take a NUL for the end of the field. */
const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/u;

function faultOf(
  value: string,
  list: AuthorList | undefined,
  domains: readonly string[],
): string | undefined {
  if (control.test(value)) return 'From has a control character in it';
  if (list === undefined || list.invalid.length > 0) return 'From has something that is no address';
  if (list.isCutOff) return 'From has a comment, a quoted string or a bracket that does not end';
  if (domains.length === 0) return 'From has no address with a domain';
  return domains.length > maxDomains ? `From has more than ${maxDomains} domains` : undefined;
}
