// Reads the parts of an expression of Perl that stand for characters: escapes and brackets. They are written in the syntax of RE2.

import { ValueError } from './value-error.ts';

const horizontal = '\\t \\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}';
export const vertical = '\\n\\x{b}\\f\\r\\x{85}\\x{2028}\\x{2029}';

/** Escapes of classes, which may stand in brackets, as what is between brackets. */
export const classEscapes: ReadonlyMap<string, string> = new Map([
  ['d', '0-9'],
  ['w', '0-9A-Za-z_'],
  ['s', '\\t\\n\\x{b}\\f\\r '],
  ['h', horizontal],
  ['v', vertical],
]);

/** Characters with names. */
const characterEscapes: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
]);

export class PerlScanner {
  readonly source: string;
  at = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** A character by an escape that may also stand in brackets; undefined for another escape, of which nothing more is taken. */
  codeOfEscape(character: string): number | undefined {
    const named = characterEscapes.get(character);
    if (named !== undefined) return named;
    const rest = this.source.slice(this.at, this.at + 12);
    if (character === 'x') {
      const [whole, braced, plain = ''] = /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{0,2}))/u.exec(rest) ?? [
        '',
      ];
      this.at += whole.length;
      return this.#codePoint(Number.parseInt(braced ?? (plain === '' ? '0' : plain), 16));
    }
    if (character === '0') {
      const [digits = ''] = /^[0-7]{0,2}/u.exec(rest) ?? [];
      this.at += digits.length;
      return Number.parseInt(`0${digits}`, 8);
    }
    if (character === 'c' && /^[@-_a-z?]/u.test(rest)) {
      return (this.take().toUpperCase().charCodeAt(0) ^ 0x40) & 0x7f;
    }
    return /[0-9A-Za-z]/u.test(character) ? undefined : character.codePointAt(0);
  }

  #codePoint(code: number): number {
    if (code > 0x10_ffff) throw this.invalid(`\\x{${code.toString(16)}} is no character`);
    return code;
  }

  property(letter: string): string {
    const [whole] = /^(?:\{\^?[A-Za-z_]{1,40}\}|[A-Z])/u.exec(this.source.slice(this.at, this.at + 44)) ?? [];
    if (whole === undefined) throw this.invalid(`"\\${letter}" names no property of characters`);
    this.at += whole.length;
    return `\\${letter}${whole}`;
  }

  bracket(): string {
    let re2 = '[';
    if (this.source[this.at] === '^') re2 += this.take();
    for (let isFirst = true; ; isFirst = false) {
      if (this.at >= this.source.length) throw this.invalid('a "[" has no "]"');
      if (this.source[this.at] === ']' && !isFirst) break;
      re2 += this.#range();
    }
    this.at++;
    return `${re2}]`;
  }

  #range(): string {
    const first = this.#element();
    if (typeof first === 'string') return first;
    const next = this.source[this.at + 1];
    if (this.source[this.at] !== '-' || next === ']' || next === undefined) return codeOf(first);
    this.at++;
    const last = this.#element();
    // "a-\d": the "-" is a character.
    if (typeof last === 'string') return `${codeOf(first)}\\-${last}`;
    if (first > last) throw this.invalid('a range in "[" is the wrong way round');
    return `${codeOf(first)}-${codeOf(last)}`;
  }

  /** @returns a character, or a class in the syntax of RE2 */
  #element(): number | string {
    const character = this.take();
    if (character === '[') {
      const [whole] = /^:\^?[a-z]{1,10}:\]/u.exec(this.source.slice(this.at, this.at + 15)) ?? [];
      if (whole === undefined) return 0x5b;
      this.at += whole.length;
      return `[${whole}`;
    }
    if (character !== '\\') return character.codePointAt(0) ?? 0;
    if (this.at === this.source.length) throw this.invalid('it ends with "\\"');
    const escaped = this.take();
    if (escaped === 'b') return 0x08;
    const known = classEscapes.get(escaped.toLowerCase());
    if (known !== undefined) {
      if (escaped === escaped.toLowerCase()) return known;
      if (/[DWS]/u.test(escaped)) return `\\${escaped}`;
      throw this.invalid(`"\\${escaped}" in "[" is not known here`);
    }
    if (escaped === 'p' || escaped === 'P') return this.property(escaped);
    if (/[1-7]/u.test(escaped)) {
      const [digits = ''] = /^[0-7]{0,2}/u.exec(this.source.slice(this.at, this.at + 2)) ?? [];
      this.at += digits.length;
      return Number.parseInt(escaped + digits, 8);
    }
    const code = this.codeOfEscape(escaped);
    if (code === undefined) throw this.invalid(`"\\${escaped}" in "[" is not known here`);
    return code;
  }

  take(): string {
    const character = String.fromCodePoint(this.source.codePointAt(this.at) ?? 0);
    this.at += character.length;
    return character;
  }

  invalid(what: string): ValueError {
    return new ValueError(`${JSON.stringify(this.source)} is no expression: ${what}`);
  }

  impossible(what: string, part: string): ValueError {
    return new ValueError(
      `${JSON.stringify(this.source)} has ${what} (${JSON.stringify(part)}), which cannot be matched in linear time; write it without`,
    );
  }
}

/** A character by its number: nothing in it can be taken for syntax. */
export function codeOf(code: number): string {
  return `\\x{${code.toString(16)}}`;
}
