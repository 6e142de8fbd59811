// The keys by which tables are asked about an address, the most specific first. Domains are in canonical form.

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
}

/** The whole address, and it without its extension. What is quoted in a local part is looked up without quotes, too: it is the same mailbox (RFC 5321 4.1.2). */
export function addressKeys({ address, domain, delimiter }: Subject): string[] {
  const at = address.lastIndexOf('@');
  if (at <= 0) return address === '' ? [] : [address];
  const local = address.slice(0, at);
  const plain = unquoted(local);
  const keys = [`${local}@${domain}`];
  if (plain !== local) keys.push(`${plain}@${domain}`);
  const cut = delimiter === '' ? -1 : plain.indexOf(delimiter);
  if (cut > 0) keys.push(`${plain.slice(0, cut)}@${domain}`);
  return keys;
}

function unquoted(local: string): string {
  return local.startsWith('"') ? local.replace(/^"(.*)"$/su, '$1').replaceAll(/\\(.)/gsu, '$1') : local;
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
