// Puts bytes into content that comes in pieces, without copying it.

/**
 * The pieces with `bytes` in them.
 *
 * @param at - how many bytes of the content come before; not beyond its end
 */
export function insertBytes(pieces: readonly Uint8Array[], at: number, bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  let before = at;
  for (const piece of pieces) {
    if (before >= 0 && before < piece.length) {
      if (before > 0) all.push(piece.subarray(0, before));
      all.push(bytes, before > 0 ? piece.subarray(before) : piece);
    } else {
      all.push(piece);
    }
    before -= piece.length;
  }
  if (before === 0) all.push(bytes);
  return all;
}
