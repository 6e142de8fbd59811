// Spaces and tabs in a line of bytes.

const quote = 34;
const backslash = 92;

export function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

/** Where the first byte is, from `from` on, that is no white space. */
export function visibleStart(bytes: Buffer, from = 0): number {
  let at = from;
  while (at < bytes.length && isWhiteSpace(bytes[at])) at++;
  return at;
}

/** Where white space at the end begins. */
export function visibleEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && isWhiteSpace(bytes[end - 1])) end--;
  return end;
}

/**
 * Where the key that begins at `from` ends. A quoted local part may have white space in it (RFC 5321 4.1.2).
 * @returns -1 when a quotation mark is not closed
 */
export function endOfKey(bytes: Buffer, from = 0): number {
  let isQuoted = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) isQuoted = !isQuoted;
    else if (byte === backslash && isQuoted) at++;
    else if (!isQuoted && isWhiteSpace(byte)) return at;
  }
  return isQuoted ? -1 : bytes.length;
}
