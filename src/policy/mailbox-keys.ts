// The keys under which a table may know a mailbox: the address, the address without its subaddress, the catch-all entry of its domain.

import { tableKey } from '../table/table-key.ts';

const quotedPair = /\\(.)/gsu;
/** RFC 5321 4.1.2: the content of a Quoted-string that needs no quotes, as a Dot-string. */
const dotString = /^[^\s"(),.:;<>@[\\\]\0-\x1f\x7f]+(?:\.[^\s"(),.:;<>@[\\\]\0-\x1f\x7f]+)*$/u;

/** How addresses are looked up. */
export interface KeyRules {
  /**
   * - `address`: `user@example.com`, then `@example.com` for a domain that takes mail to any name
   * - `local_part`: `user`, whatever the domain
   */
  readonly key: 'address' | 'local_part';
  /** Characters of which the first one in a local part begins a subaddress, as in `user+lists`; empty for none. */
  readonly separators: string;
}

/**
 * The keys in the form in which tables have them, the most specific first.
 * @param localPart - as in the address, with its quotes if it has quotes
 * @param domain - in lower-case A-labels
 */
export function mailboxKeys(
  localPart: string,
  domain: string,
  { key, separators }: KeyRules,
): readonly string[] {
  const name = withoutQuotes(localPart);
  const base = withoutSubaddress(name, separators);
  if (key === 'local_part') return [...new Set([name, base])].map(tableKey);
  return [...new Set([`${name}@${domain}`, `${base}@${domain}`, `@${domain}`])].map(tableKey);
}

/** Is it the postmaster, whom every domain has (RFC 5321 4.5.1)? Quotes make no difference (4.1.2). */
export function isPostmaster(localPart: string): boolean {
  return withoutQuotes(localPart).toLowerCase() === 'postmaster';
}

/** RFC 5321 4.1.2: `"joe"` and `joe` are the same mailbox. */
export function withoutQuotes(localPart: string): string {
  if (!localPart.startsWith('"')) return localPart;
  const content = localPart.slice(1, -1).replaceAll(quotedPair, '$1');
  return dotString.test(content) ? content : localPart;
}

/** A separator at the beginning separates nothing: `+x` is a name. */
export function withoutSubaddress(name: string, separators: string): string {
  if (separators === '' || name.startsWith('"')) return name;
  for (let at = 1; at < name.length; at++) {
    if (separators.includes(name[at] as string)) return name.slice(0, at);
  }
  return name;
}
