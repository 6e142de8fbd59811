// Inserts bytes into content that consists of pieces, without copying the content.

/**
 * The pieces with `bytes` inserted.
 *
 * @param at - the number of bytes of the content that come before; at most its length
 */
export function insertBytes(pieces: readonly Uint8Array[], at: number, bytes: Uint8Array): Uint8Array[] {
  const result: Uint8Array[] = [];
  let before = at;
  for (const piece of pieces) {
    if (before >= 0 && before < piece.length) {
      if (before > 0) result.push(piece.subarray(0, before));
      result.push(bytes, before > 0 ? piece.subarray(before) : piece);
    } else {
      result.push(piece);
    }
    before -= piece.length;
  }
  if (before === 0) result.push(bytes);
  return result;
}
