// The keys by which tables are asked about an address, the most specific first. Domains are in canonical form.

import { localPartOf, partsOf } from '../../address/mailbox-parts.ts';

/** What a table is asked about. */
export interface Subject {
  /** As in the envelope; empty: the null sender, or no address. */
  readonly address: string;
  /** Its domain in canonical form, or an address literal; empty without one. */
  readonly domain: string;
  /** Separates an extension from the local part, as in `user+list`; empty: there are no extensions. */
  readonly delimiter: string;
  /** The message has the null sender. */
  readonly isBounce: boolean;
  /** It is the sender of the message. */
  readonly isSender: boolean;
}

/** The whole address, and it without its extension. A quoted local part is looked up as it is, with no more quotes than it needs, and without any: it is the same mailbox (RFC 5321 4.1.2). */
export function addressKeys({ address, domain, delimiter }: Subject): string[] {
  const at = address.lastIndexOf('@');
  if (at <= 0) return address === '' ? [] : [address];
  const local = address.slice(0, at);
  const keys = [`${local}@${domain}`];
  const content = local.startsWith('"') ? partsOf(address).content : local;
  if (content !== local) addSpellings(keys, content, domain);
  const cut = delimiter === '' ? -1 : content.indexOf(delimiter);
  if (cut > 0) addSpellings(keys, content.slice(0, cut), domain);
  return keys;
}

/** As RFC 5321 writes it, with quotes only where it needs them, and without any. */
function addSpellings(keys: string[], content: string, domain: string): void {
  for (const local of [localPartOf(content), content]) {
    const key = `${local}@${domain}`;
    if (!keys.includes(key)) keys.push(key);
  }
}

/**
 * What the names above a domain are called in tables.
 * @param mark - `.` or `*.`, before the rest of the name
 */
export function parentKeys(domain: string, mark: string): string[] {
  if (domain.startsWith('[')) return [];
  const keys: string[] = [];
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1))
    keys.push(mark + domain.slice(dot + 1));
  return keys;
}
