// Spaces and tabs in a line of bytes.

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
