// Extended regular expressions of POSIX (IEEE 1003.1, 9.4), as regcomp(3) and grep -E read them. An expression is parsed here and written in the
// syntax of RE2, which matches in a time that grows with the text alone: no expression can hang the server.

import { classes, escapes } from './posix-classes.ts';
import { ValueError } from './value-error.ts';

export interface PosixExpression {
  /** The same in the syntax of RE2. */
  readonly re2: string;
  /** Texts in lower case, none of them empty, that are all in every text which matches, whatever the case of letters. */
  readonly required: readonly string[];
}

export interface PosixOptions {
  /** Groups are numbered, for whoever wants what they have matched. */
  readonly hasGroups?: boolean;
  /** As REG_NEWLINE of regcomp(3): `^` and `$` match at each line, and neither `.` nor `[^x]` matches its end. */
  readonly isByLine?: boolean;
}

/** @throws {ValueError} */
export function parsePosixExpression(source: string, options: PosixOptions = {}): PosixExpression {
  const { re2, runs, size } = new Parser(source, options).parse();
  if (size > largest) throw invalid(source, 'it is too large: its repetitions multiply');
  return { re2, required: runs.filter((run) => run !== '') };
}

/** The most characters of an expression when its repetitions are written out: what RE2 takes is a multiple of that. */
const largest = 10_000;

/** A parsed part: how RE2 writes it, and texts one after the other that are in all that it matches. */
interface Part {
  readonly re2: string;
  readonly runs: readonly string[];
  /** Set when it matches this text and no other: then it can be a part of a longer text. */
  readonly exact: string | undefined;
  /** Its characters, with repetitions written out. */
  readonly size: number;
}

const nothing: Part = { re2: '(?:)', runs: [], exact: '', size: 1 };

interface Repetition {
  readonly suffix: string;
  readonly isOptional: boolean;
  /** How often it is written out. */
  readonly times: number;
}

/** The largest number of repetitions that RE2 takes. */
const mostRepetitions = 1000;
/** Groups in groups. */
const deepest = 100;

class Parser {
  readonly #source: string;
  readonly #characters: readonly string[];
  readonly #options: PosixOptions;
  #at = 0;
  #depth = 0;

  constructor(source: string, options: PosixOptions) {
    this.#options = options;
    this.#source = source;
    this.#characters = [...source];
  }

  parse(): Part {
    const part = this.#alternatives();
    if (this.#at < this.#characters.length) throw this.#invalid('a ")" has no "("');
    return part;
  }

  #invalid(what: string): ValueError {
    return invalid(this.#source, what);
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #alternatives(): Part {
    const all = [this.#sequence()];
    while (this.#next === '|') {
      this.#at++;
      all.push(this.#sequence());
    }
    const [only] = all;
    if (all.length === 1 && only !== undefined) return only;
    const size = all.reduce((sum, each) => sum + each.size, 1);
    return { re2: `(?:${all.map(({ re2 }) => re2).join('|')})`, runs: [], exact: undefined, size };
  }

  #sequence(): Part {
    let re2 = '';
    const runs: string[] = [];
    let exact: string | undefined = '';
    let run = '';
    let size = 0;
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') {
      const part = this.#repeated();
      re2 += part.re2;
      size += part.size;
      if (part.exact !== undefined) run += part.exact;
      else {
        exact = undefined;
        runs.push(run, ...part.runs);
        run = '';
      }
    }
    runs.push(run);
    if (exact !== undefined) exact = run;
    return re2 === '' ? nothing : { re2, runs, exact, size };
  }

  #repeated(): Part {
    let part = this.#atom();
    for (;;) {
      const repetition = this.#repetition();
      if (repetition === undefined) return part;
      const { suffix, isOptional, times } = repetition;
      // A group: RE2 takes no repetition of a repetition.
      part = {
        re2: `(?:${part.re2})${suffix}`,
        runs: isOptional ? [] : runsOf(part),
        exact: undefined,
        size: Math.min(part.size * times + 1, Number.MAX_SAFE_INTEGER),
      };
    }
  }

  #repetition(): Repetition | undefined {
    switch (this.#next) {
      case '*':
      case '?':
        return { suffix: this.#take(), isOptional: true, times: 1 };
      case '+':
        return { suffix: this.#take(), isOptional: false, times: 1 };
      case '{':
        return this.#interval();
      default:
        return undefined;
    }
  }

  /** `{2}`, `{2,}`, `{,3}`, `{2,3}`; another `{` is a character. */
  #interval(): Repetition | undefined {
    const end = this.#characters.indexOf('}', this.#at);
    if (end === -1 || end - this.#at > 12) return undefined;
    const given = this.#characters.slice(this.#at + 1, end).join('');
    const [, low = '', comma = '', high = ''] = /^(\d*)(,?)(\d*)$/.exec(given) ?? [];
    if (low === '' && (comma === '' || high === '')) return undefined;
    const least = Number(low);
    const most = comma === '' ? least : high === '' ? Infinity : Number(high);
    if (least > most) throw this.#invalid(`{${given}} has more at least than at most`);
    if (Math.max(least, Number.isFinite(most) ? most : 0) > mostRepetitions)
      throw this.#invalid(`{${given}} repeats more than ${mostRepetitions} times`);
    this.#at = end + 1;
    const times = Math.max(least, Number.isFinite(most) ? most : 0, 1);
    return { suffix: `{${least}${comma}${high}}`, isOptional: least === 0, times };
  }

  #atom(): Part {
    const character = this.#take();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return anyOf(this.#bracket());
      case '.':
        return anyOf(this.#options.isByLine === true ? '[^\\n]' : '.');
      case '^':
        return anyOf(this.#options.isByLine === true ? '(?m:^)' : '\\A');
      case '$':
        return anyOf(this.#options.isByLine === true ? '(?m:$)' : '\\z');
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw this.#invalid(`a "${character}" has nothing to repeat`);
      default:
        return literal(character);
    }
  }

  #group(): Part {
    if (++this.#depth > deepest) throw this.#invalid(`more than ${deepest} "(" are open`);
    const part = this.#alternatives();
    if (this.#next !== ')') throw this.#invalid('a "(" has no ")"');
    this.#at++;
    this.#depth--;
    return { ...part, re2: this.#options.hasGroups === true ? `(${part.re2})` : `(?:${part.re2})` };
  }

  #escape(): Part {
    if (this.#next === undefined) throw this.#invalid('it ends with "\\"');
    const character = this.#take();
    const re2 = escapes.get(character);
    if (re2 !== undefined) return anyOf(re2);
    if (/[1-9<>]/.test(character)) throw this.#invalid(`"\\${character}" is not known here`);
    return literal(character);
  }

  /** What is between `[` and `]`, in which `\` is a character. */
  #bracket(): string {
    const isNegated = this.#next === '^';
    if (isNegated) this.#at++;
    let items = '';
    for (let isFirst = true; ; isFirst = false) {
      if (this.#next === undefined) throw this.#invalid('a "[" has no "]"');
      if (this.#next === ']' && !isFirst) break;
      items += this.#item();
    }
    this.#at++;
    const newline = isNegated && this.#options.isByLine === true ? '\\n' : '';
    return `[${isNegated ? '^' : ''}${items}${newline}]`;
  }

  #item(): string {
    const first = this.#element();
    if (first.length > 1) return first;
    // A "-" before "]" is a character.
    if (this.#next !== '-' || this.#characters[this.#at + 1] === ']') return codeOf(first);
    this.#at++;
    if (this.#next === undefined) throw this.#invalid('a "[" has no "]"');
    const last = this.#element();
    if (last.length > 1 && [...last].length > 1) throw this.#invalid('a range in "[" ends with a class');
    if ((first.codePointAt(0) ?? 0) > (last.codePointAt(0) ?? 0))
      throw this.#invalid(`the range ${first}-${last} in "[" is the wrong way round`);
    return `${codeOf(first)}-${codeOf(last)}`;
  }

  /** @returns one character, or a class in the syntax of RE2 */
  #element(): string {
    const character = this.#take();
    const kind = this.#next;
    if (character !== '[' || (kind !== ':' && kind !== '.' && kind !== '=')) return character;
    this.#at++;
    let name = '';
    while (!(this.#next === kind && this.#characters[this.#at + 1] === ']')) {
      if (this.#next === undefined) throw this.#invalid(`a "[${kind}" has no "${kind}]"`);
      name += this.#take();
    }
    this.#at += 2;
    if (kind !== ':') {
      if ([...name].length !== 1) throw this.#invalid(`"[${kind}${name}${kind}]" is no character`);
      return name;
    }
    const known = classes.get(name);
    if (known === undefined) throw this.#invalid(`"[:${name}:]" is no class of characters`);
    return known;
  }

  #take(): string {
    return this.#characters[this.#at++] ?? '';
  }
}

/** What is one character or place of several. */
function anyOf(re2: string): Part {
  return { re2, runs: [], exact: undefined, size: 1 };
}

function literal(character: string): Part {
  return { re2: codeOf(character), runs: [], exact: character.toLowerCase(), size: 1 };
}

function runsOf({ runs, exact }: Part): readonly string[] {
  return exact === undefined ? runs : [exact];
}

/** A character by its number: nothing in it can be taken for syntax. */
function codeOf(character: string): string {
  return `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function invalid(source: string, what: string): ValueError {
  return new ValueError(`${JSON.stringify(source)} is no regular expression of POSIX: ${what}`);
}
