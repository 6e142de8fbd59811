// Local parts of mailboxes: Dot-string or Quoted-string (RFC 5321 4.1.2), with UTF-8 by RFC 6531 3.3.

const quote = 0x22;
const dot = 0x2e;
const backslash = 0x5c;
const del = 0x7f;

/** ASCII characters of an Atom (RFC 5322 3.2.3 `atext`), by code. */
const atext = new Uint8Array(128);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~") {
  atext[c.charCodeAt(0)] = 1;
}

/**
 * Finds the end of the local part that begins at `start`.
 *
 * @returns the index after its last character, or -1 if there is no well-formed local part
 */
export function localPartEnd(text: string, start: number): number {
  return text.charCodeAt(start) === quote ? quotedStringEnd(text, start) : dotStringEnd(text, start);
}

function dotStringEnd(text: string, start: number): number {
  let previous = dot;
  let i = start;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === dot) {
      if (previous === dot) return -1;
    } else if (c < 128 && atext[c] === 0) {
      break;
    }
    previous = c;
  }
  return previous === dot ? -1 : i;
}

function quotedStringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    let c = text.charCodeAt(i);
    if (c === quote) return i + 1;
    if (c === backslash) {
      c = text.charCodeAt(++i);
      // RFC 5321 4.1.2 quoted-pairSMTP: printable ASCII only, also under RFC 6531.
      if (!(c >= 0x20 && c < del)) return -1;
    } else if (c < 0x20 || c === del) {
      return -1;
    }
  }
  return -1;
}
