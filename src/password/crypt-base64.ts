// The base64 of crypt(3): another alphabet than that of RFC 4648, the lowest bits first, and no padding.

export const cryptAlphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * Writes the bytes at these places: three at a time become four characters, the first place having the highest bits. Places
 * that are left over at the end (one or two) become two or three characters.
 */
export function cryptBase64(bytes: Uint8Array, places: readonly number[]): string {
  let text = '';
  for (let at = 0; at < places.length; at += 3) {
    const group = places.slice(at, at + 3);
    let value = group.reduce((sum, place) => sum * 256 + (bytes[place] ?? 0), 0);
    for (let left = group.length + 1; left > 0; left--) {
      text += cryptAlphabet[value & 63];
      value >>>= 6;
    }
  }
  return text;
}
