// Macro strings (RFC 7208 7): text with macros such as `%{d2}`, parsed once and expanded with the values of a check.

/** A macro, `%{` letter, transformers, delimiters `}`. */
export interface Macro {
  /** In lower case. */
  readonly letter: string;
  /** How many parts are kept, from the right; 0 for all. */
  readonly keep: number;
  readonly reversed: boolean;
  /** The characters that part the value. */
  readonly delimiters: string;
  /** The letter was upper case: the value is URL-escaped (RFC 7208 7.3). */
  readonly escaped: boolean;
}

/** Literal texts and macros in their order. */
export type MacroString = readonly (string | Macro)[];

/** The value of each letter. */
export type MacroValues = Readonly<Record<string, string>>;

const anyMacro = /%(?:([%_-])|\{([slodiphv])(\d*)(r?)([.\-+,/_=]*)\})/iy;
/** RFC 7208 7.2: `c`, `r` and `t` are allowed in explanations only. */
const explanationMacro = /%(?:([%_-])|\{([slodiphvcrt])(\d*)(r?)([.\-+,/_=]*)\})/iy;

const special: Readonly<Record<string, string>> = { '%': '%', _: ' ', '-': '%20' };

/**
 * Parses a `macro-string`, or an `explain-string`, which may hold spaces (RFC 7208 7.1).
 * @returns undefined when it is malformed
 */
export function parseMacroString(text: string, as: 'domain' | 'explanation'): MacroString | undefined {
  const pattern = as === 'explanation' ? explanationMacro : anyMacro;
  const lowest = as === 'explanation' ? 0x20 : 0x21;
  const parts: (string | Macro)[] = [];
  let literal = '';
  for (let at = 0; at < text.length;) {
    const c = text.charCodeAt(at);
    if (c < lowest || c > 0x7e) return undefined;
    if (c !== 0x25) {
      literal += text.charAt(at++);
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    const [, escape, letter, digits, reversed, delimiters] = match;
    if (letter === undefined) {
      literal += special[escape ?? ''] ?? '';
      continue;
    }
    const keep = Number(digits);
    // RFC 7208 7.1: the number of parts must not be zero.
    if (digits !== '' && keep === 0) return undefined;
    if (literal !== '') parts.push(literal);
    literal = '';
    const lower = letter.toLowerCase();
    parts.push({
      letter: lower,
      keep,
      reversed: reversed !== '',
      delimiters: delimiters === undefined || delimiters === '' ? '.' : delimiters,
      escaped: lower !== letter,
    });
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

/** Does the text use the macro `p`, whose value takes look-ups? */
export function usesValidatedName(parts: MacroString): boolean {
  return parts.some((part) => typeof part !== 'string' && part.letter === 'p');
}

/** Replaces the macros by their values (RFC 7208 7.3). @param maxLength - the rest of the text is left out */
export function expandMacros(parts: MacroString, values: MacroValues, maxLength: number): string {
  let text = '';
  for (const part of parts) {
    text += typeof part === 'string' ? part : expand(part, values);
    if (text.length >= maxLength) return text.slice(0, maxLength);
  }
  return text;
}

/**
 * The end of the expanded text, which is all of it unless it is longer than `leastLength`. Of a name that is too long only the end
 * counts, and a record of two thousand macros would make megabytes of what a client has said.
 */
export function expandEnd(parts: MacroString, values: MacroValues, leastLength: number): string {
  let text = '';
  for (let at = parts.length - 1; at >= 0 && text.length <= leastLength; at--) {
    const part = parts[at] ?? '';
    text = (typeof part === 'string' ? part : expand(part, values)) + text;
  }
  return text;
}

function expand({ letter, keep, reversed, delimiters, escaped }: Macro, values: MacroValues): string {
  let value = values[letter] ?? '';
  if (reversed || keep !== 0 || delimiters !== '.') {
    const pieces = split(value, delimiters);
    if (reversed) pieces.reverse();
    value = (keep === 0 ? pieces : pieces.slice(-keep)).join('.');
  }
  return escaped ? urlEscaped(value) : value;
}

function split(value: string, delimiters: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < value.length; at++) {
    if (!delimiters.includes(value.charAt(at))) continue;
    pieces.push(value.slice(start, at));
    start = at + 1;
  }
  pieces.push(value.slice(start));
  return pieces;
}

/** RFC 3986 2.3: letters, digits, `-`, `.`, `_` and `~` stay as they are. */
function urlEscaped(value: string): string {
  let text = '';
  for (const octet of Buffer.from(value)) {
    const char = String.fromCharCode(octet);
    text += /[A-Za-z0-9\-._~]/.test(char) ? char : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
