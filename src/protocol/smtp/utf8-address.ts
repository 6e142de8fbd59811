// Addresses of type utf-8 (RFC 6533 3), as parameters and reports within ASCII have them.

/** Characters that are not QCHAR (RFC 6533 3), except a backslash that begins an escape. */
const mustEscape = /\\(?!x\{[0-9A-F]{2,6}\})|[^\\!-*,-<>-~]/gu;

/**
 * Encodes an address of type utf-8 (RFC 6533 3, utf-8-addr-xtext and utf-8-addr-unitext): `\x{HEX}` for characters that xtext would
 * encode. Escapes that are in it already stay.
 *
 * @param useUtf8 - leave characters outside ASCII as they are: only where SMTPUTF8 holds
 */
export function encodeUtf8Address(address: string, useUtf8: boolean): string {
  return address.toWellFormed().replaceAll(mustEscape, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (useUtf8 && code > 0x9f) return character;
    return `\\x{${code.toString(16).toUpperCase().padStart(2, '0')}}`;
  });
}
