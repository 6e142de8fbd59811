// Finds a secret, or a piece of it, in a text of a server, which may repeat what it was told.

/** So many characters in a row are no accident; fewer of a secret are of no use. A shorter secret counts as a whole. */
const pieceCharacters = 12;

/** @param told - secrets, and what was sent with a secret in it */
export function repeatsSecret(text: string, told: readonly string[]): boolean {
  const pieces = new Set<string>();
  for (let at = 0; at + pieceCharacters <= text.length; at++)
    pieces.add(text.slice(at, at + pieceCharacters));
  return told.some((secret) => {
    if (secret.length <= pieceCharacters) return secret !== '' && text.includes(secret);
    for (let at = 0; at + pieceCharacters <= secret.length; at++) {
      if (pieces.has(secret.slice(at, at + pieceCharacters))) return true;
    }
    return false;
  });
}
