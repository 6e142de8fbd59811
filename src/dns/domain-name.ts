// Domain names in the form this room uses: lower case, no final dot, `.` for the root; RFC 1035 2.3.4 for lengths.

/** Lower case and without the final dot; the root stays `.`. */
export function canonicalDomain(name: string): string {
  const lower = name.toLowerCase();
  return lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/**
 * Whether a canonical name can be put into a question: printable ASCII labels of 1 to 63 octets, 253 in all.
 * The encoder would turn a longer label into something else (its length octet into a compression pointer).
 */
export function isQueryable(name: string): boolean {
  // RFC 1035 2.3.4: 255 octets on the wire, with a length octet per label and the root's.
  if (name.length === 0 || name.length > 253) return false;
  let label = 0;
  for (let i = 0; i < name.length; i++) {
    const char = name.charCodeAt(i);
    if (char === 0x2e) {
      if (label === 0) return false;
      label = 0;
    } else {
      // A label may hold any octet (RFC 2181 11); a space comes from macros of SPF records (RFC 7208 7.1, `%_`).
      if (char < 0x20 || char >= 0x7f || char === 0x5c) return false;
      if (++label > 63) return false;
    }
  }
  return label > 0;
}
