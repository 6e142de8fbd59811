// Expressions in the syntax of Perl (pcre2pattern(3)), written in that of RE2, which matches in a time that grows with the text alone. What cannot be
// matched so, such as backreferences, is an error that says which part it is.

import { classEscapes, codeOf, PerlScanner, vertical } from './perl-scanner.ts';

export interface PerlExpression {
  readonly re2: string;
  /** A text of ASCII in lower case that is in every text which matches, whatever the case of letters; empty when none is known. */
  readonly required: string;
  readonly hasLookbehind: boolean;
}

export interface PerlOptions {
  /** Blanks and comments in the expression mean nothing. */
  readonly isExtended: boolean;
}

/** The largest number of repetitions that RE2 takes. */
const mostRepetitions = 1000;

const assertions: ReadonlyMap<string, string> = new Map([
  ['b', '\\b'],
  ['B', '\\B'],
  ['A', '\\A'],
  ['z', '\\z'],
  ['Z', '(?:\\n?\\z)'],
]);

/** Groups that are none of RE2's, by what follows the "(?". */
const unknownGroups: readonly (readonly [RegExp, string])[] = [
  [/^[=!]/u, 'lookahead'],
  [/^>/u, 'an atomic group'],
  [/^\|/u, 'a group that resets numbers'],
  [/^\(/u, 'a condition'],
  [/^(?:R|[+-]?\d|&|P>)/u, 'recursion'],
  [/^P=/u, 'a backreference'],
  [/^C/u, 'a callout'],
];

/** @throws {ValueError} */
export function parsePerlExpression(source: string, options: PerlOptions): PerlExpression {
  return new Parser(source, options).parse();
}

class Parser {
  readonly #in: PerlScanner;
  readonly #isExtended: boolean;
  #re2 = '';
  #depth = 0;
  #hasLookbehind = false;
  /** Literal characters one after the other, outside of all groups; ends with anything else. */
  #run = '';
  #longest = '';
  #hasAlternatives = false;

  constructor(source: string, { isExtended }: PerlOptions) {
    this.#in = new PerlScanner(source);
    this.#isExtended = isExtended;
  }

  parse(): PerlExpression {
    while (this.#in.at < this.#in.source.length) this.#item();
    if (this.#depth > 0) throw this.#in.invalid('a "(" has no ")"');
    this.#endRun();
    return {
      re2: this.#re2,
      required: this.#hasAlternatives ? '' : this.#longest.toLowerCase(),
      hasLookbehind: this.#hasLookbehind,
    };
  }

  #item(): void {
    const character = this.#in.take();
    switch (character) {
      case '\\':
        this.#escape();
        break;
      case '[':
        this.#other(this.#in.bracket());
        break;
      case '(':
        this.#group();
        break;
      case ')':
        if (this.#depth-- === 0) throw this.#in.invalid('a ")" has no "("');
        this.#other(')');
        break;
      case '|':
        if (this.#depth === 0) this.#hasAlternatives = true;
        this.#other('|');
        break;
      case '*':
      case '+':
      case '?':
        this.#repetition(character);
        break;
      case '{':
        this.#interval();
        break;
      case '.':
      case '^':
      case '$':
        this.#other(character);
        break;
      case '#':
        if (this.#isExtended) this.#skipComment();
        else this.#literal(character);
        break;
      default:
        if (this.#isExtended && /\s/u.test(character)) break;
        this.#literal(character);
    }
  }

  #literal(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    this.#re2 += codeOf(code);
    if (this.#depth > 0) return;
    if (code < 0x80) this.#run += character;
    else this.#endRun();
  }

  #other(re2: string): void {
    this.#endRun();
    this.#re2 += re2;
  }

  #endRun(): void {
    if (this.#run.length > this.#longest.length) this.#longest = this.#run;
    this.#run = '';
  }

  #repetition(text: string): void {
    // What may be there no times at all is required of no text.
    if (text !== '+' && !/^\{[1-9]/u.test(text)) this.#run = this.#run.slice(0, -1);
    this.#endRun();
    this.#re2 += text;
    const next = this.#in.source[this.#in.at];
    if (next === '+') throw this.#in.impossible('a possessive repetition', `${text}+`);
    if (next !== '?') return;
    this.#in.at++;
    this.#re2 += '?';
  }

  /** Any other "{" is a character. */
  #interval(): void {
    const [whole, low = '', high = ''] =
      /^(\d{1,5})(?:,(\d{0,5}))?\}/u.exec(this.#in.source.slice(this.#in.at, this.#in.at + 13)) ?? [];
    if (whole === undefined) {
      this.#literal('{');
      return;
    }
    if (Math.max(Number(low), Number(high)) > mostRepetitions)
      throw this.#in.invalid(`{${whole} repeats more than ${mostRepetitions} times`);
    this.#in.at += whole.length;
    this.#repetition(`{${whole}`);
  }

  #group(): void {
    this.#depth++;
    const rest = this.#in.source.slice(this.#in.at, this.#in.at + 80);
    if (rest.startsWith('*')) throw this.#in.impossible('a verb', `(${rest.slice(0, 10)}`);
    if (!rest.startsWith('?')) {
      this.#other('(');
      return;
    }
    const inner = rest.slice(1);
    if (inner.startsWith('#')) {
      const end = this.#in.source.indexOf(')', this.#in.at);
      if (end === -1) throw this.#in.invalid('a comment has no end');
      this.#in.at = end + 1;
      this.#depth--;
      return;
    }
    const [lookbehind] = /^<[=!]/u.exec(inner) ?? [];
    const [named, , name = ''] = /^(P?<|')([A-Za-z_]\w{0,31})[>']/u.exec(inner) ?? [];
    const [flags] = /^(?:[imsU]*(?:-[imsU]+)?)[:)]/u.exec(inner) ?? [];
    if (lookbehind !== undefined) {
      this.#hasLookbehind = true;
      this.#open(`(?${lookbehind}`, 1 + lookbehind.length);
    } else if (named !== undefined) this.#open(`(?P<${name}>`, 1 + named.length);
    else if (flags !== undefined) {
      this.#open(`(?${flags}`, 1 + flags.length);
      // Flags up to the end of the group that they stand in, without a group of their own.
      if (flags.endsWith(')')) this.#depth--;
    } else {
      const [, what] = unknownGroups.find(([form]) => form.test(inner)) ?? [];
      if (what !== undefined) throw this.#in.impossible(what, `(?${inner.slice(0, 8)}`);
      throw this.#in.invalid(`"(?${inner.slice(0, 3)}" begins no group that is known here`);
    }
  }

  #open(re2: string, length: number): void {
    this.#in.at += length;
    this.#other(re2);
  }

  #escape(): void {
    if (this.#in.at === this.#in.source.length) throw this.#in.invalid('it ends with "\\"');
    const character = this.#in.take();
    const negated = classEscapes.get(character.toLowerCase());
    const assertion = assertions.get(character);
    const code = this.#in.codeOfEscape(character);
    if (code !== undefined) this.#literal(String.fromCodePoint(code));
    else if (negated !== undefined) {
      this.#other(character === character.toLowerCase() ? `[${negated}]` : `[^${negated}]`);
    } else if (assertion !== undefined) this.#other(assertion);
    else if (character === 'R') this.#other(`(?:\\r\\n|[${vertical}])`);
    else if (character === 'N') this.#other('[^\\n]');
    else if (character === 'p' || character === 'P') this.#other(this.#in.property(character));
    else if (character === 'Q') this.#quoted();
    else if (/[1-9gk]/u.test(character)) throw this.#in.impossible('a backreference', `\\${character}`);
    // The end of a "\Q" that has not begun means nothing.
    else if (character !== 'E') throw this.#in.invalid(`"\\${character}" is not known here`);
  }

  /** `\Q` to `\E`: characters as they are. */
  #quoted(): void {
    const end = this.#in.source.indexOf('\\E', this.#in.at);
    const text = this.#in.source.slice(this.#in.at, end === -1 ? undefined : end);
    this.#in.at = end === -1 ? this.#in.source.length : end + 2;
    for (const character of text) this.#literal(character);
  }

  #skipComment(): void {
    const end = this.#in.source.indexOf('\n', this.#in.at);
    this.#in.at = end === -1 ? this.#in.source.length : end + 1;
  }
}
