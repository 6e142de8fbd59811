// Local parts of mailboxes: Dot-string or Quoted-string (RFC 5321 4.1.2), with UTF-8 by RFC 6531 3.3.

const QUOTE = 0x22;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;

/** ASCII characters of an Atom (RFC 5322 3.2.3 `atext`), by code. */
const ATEXT = new Uint8Array(128);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~") {
  ATEXT[c.charCodeAt(0)] = 1;
}

/**
 * Finds the end of the local part that begins at `start`.
 *
 * @returns the index after its last character, or -1 if there is no well-formed local part
 */
export function localPartEnd(text: string, start: number): number {
  return text.charCodeAt(start) === QUOTE ? quotedStringEnd(text, start) : dotStringEnd(text, start);
}

function dotStringEnd(text: string, start: number): number {
  let previous = DOT;
  let i = start;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === DOT) {
      if (previous === DOT) return -1;
    } else if (c < 128 && ATEXT[c] === 0) {
      break;
    }
    previous = c;
  }
  return previous === DOT ? -1 : i;
}

function quotedStringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    let c = text.charCodeAt(i);
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) {
      c = text.charCodeAt(++i);
      // RFC 5321 4.1.2 quoted-pairSMTP: printable ASCII only, also under RFC 6531.
      if (!(c >= 0x20 && c < DELETE)) return -1;
    } else if (c < 0x20 || c === DELETE) {
      return -1;
    }
  }
  return -1;
}
