// Splits an address list of RFC 5322 3.4 (with the obsolete forms of 4.4) into the addr-specs of its mailboxes, and says where each is in the
// text. Takes time in proportion to the length.

/** The addr-spec of a mailbox, or what stands in its place, as indexes into the text. */
export interface ListEntry {
  /** Without comments and blanks. */
  readonly text: string;
  readonly start: number;
  /** Behind the last word before its last `@`. Without an `@`, this and `domainStart` are `end`. */
  readonly localEnd: number;
  /** At the first word behind that `@`. */
  readonly domainStart: number;
  readonly end: number;
}

/**
 * The words of one entry. They are kept as pieces, with the last one aside: reading the end of a growing text would copy all of
 * it each time.
 */
class Words {
  #pieces: string[] = [];
  /** There were blanks or comments after the last piece. They count only if a word follows without "." or "@" between. */
  #blank = false;
  #last = '';
  #start = 0;
  #end = 0;
  /** Of the last `@`; -1 before one, and before the word behind it. */
  #localEnd = -1;
  #domainStart = -1;

  clear(): void {
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#blank = false;
    this.#last = '';
    this.#localEnd = -1;
    this.#domainStart = -1;
  }

  /** @param start - where the word is in the text */
  add(word: string, start: number): void {
    const joins = word === '.' || word === '@' || this.#last === '.' || this.#last === '@';
    if (this.#blank && !joins && this.#last !== '') this.#pieces.push(' ');
    this.#blank = false;
    if (this.#last === '') this.#start = start;
    if (word === '@') {
      this.#localEnd = this.#last === '' ? start : this.#end;
      this.#domainStart = -1;
    } else if (this.#last === '@') this.#domainStart = start;
    this.#pieces.push(word);
    this.#last = word;
    this.#end = start + word.length;
  }

  get entry(): ListEntry {
    const isParted = this.#localEnd !== -1 && this.#domainStart !== -1;
    return {
      text: this.text,
      start: this.#start,
      localEnd: isParted ? this.#localEnd : this.#end,
      domainStart: isParted ? this.#domainStart : this.#end,
      end: this.#end,
    };
  }

  addBlank(): void {
    this.#blank = true;
  }

  get text(): string {
    return this.#pieces.join('');
  }

  /** An `@` in quotes is part of a longer piece. */
  get hasAt(): boolean {
    return this.#pieces.includes('@');
  }

  get startsWithAt(): boolean {
    return this.#pieces[0] === '@';
  }
}

/** Characters that end a run of plain ones. */
const specials = /[,;:<>()"[\] \t.@]/g;

/** Splits a list into the addr-specs of its mailboxes, without comments and blanks (RFC 5322 3.4.1). */
export class ListReader {
  readonly #text: string;
  #i = 0;
  readonly #entries: ListEntry[] = [];
  /** Behind each comma, semicolon and colon: where an entry may begin, so that the field may be folded there. */
  readonly breaks: number[] = [];
  readonly strays: string[] = [];
  isCutOff = false;
  /** The current entry; a blank between two words without "." or "@" is kept, so that the entry is no valid address. */
  readonly #words = new Words();
  /** The mailbox of the current entry was in angle brackets. */
  #angled = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): readonly ListEntry[] {
    while (this.#i < this.#text.length) this.#readOne(this.#text[this.#i] ?? '');
    this.#endEntry();
    return this.#entries;
  }

  #readOne(c: string): void {
    switch (c) {
      case ',':
      case ';': // the end of a group; some write it between mailboxes, too
        this.breaks.push(++this.#i);
        this.#endEntry();
        break;
      case ':': // what came before is the name of a group
        this.breaks.push(++this.#i);
        this.#leaveWords();
        break;
      case '<':
        this.#readAngle();
        break;
      default:
        this.#readWord(c);
    }
  }

  /** One word, blank or comment. */
  #readWord(c: string): void {
    if (c === '(') {
      this.#skipComment();
      this.#words.addBlank();
    } else if (c === ' ' || c === '\t') {
      this.#i++;
      this.#words.addBlank();
    } else if (c === '"') {
      const end = endOfQuoted(this.#text, this.#i);
      this.isCutOff ||= end === -1;
      this.#add(end === -1 ? this.#text.length : end);
    } else if (c === '[') {
      const end = this.#text.indexOf(']', this.#i);
      this.#add(end === -1 ? this.#text.length : end + 1);
    } else {
      specials.lastIndex = this.#i + 1;
      const special = '.@,;:<>()]'.includes(c)
        ? this.#i + 1
        : (specials.exec(this.#text)?.index ?? this.#text.length);
      this.#add(special);
    }
  }

  #readAngle(): void {
    this.#i++;
    this.#leaveWords();
    while (this.#i < this.#text.length && this.#text[this.#i] !== '>') {
      const c = this.#text[this.#i] ?? '';
      // RFC 5322 4.4 obs-route: "@one,@two:" before the address says nothing any more.
      if (c === ':' && this.#words.startsWithAt) {
        this.#words.clear();
        this.#i++;
      } else {
        this.#readWord(c);
      }
    }
    this.isCutOff ||= this.#i >= this.#text.length;
    this.#i++;
    this.#pushEntry();
    this.#angled = true;
    this.#words.clear();
  }

  #endEntry(): void {
    if (this.#angled) this.#leaveWords();
    else this.#pushEntry();
    this.#angled = false;
    this.#words.clear();
  }

  /** The words are no mailbox. */
  #leaveWords(): void {
    if (this.#words.hasAt) this.strays.push(this.#words.text);
    this.#words.clear();
  }

  #pushEntry(): void {
    const { entry } = this.#words;
    if (entry.text !== '') this.#entries.push(entry);
  }

  #skipComment(): void {
    let depth = 0;
    for (; this.#i < this.#text.length; this.#i++) {
      const c = this.#text[this.#i];
      if (c === '\\') this.#i++;
      else if (c === '(') depth++;
      else if (c === ')' && --depth === 0) break;
    }
    this.isCutOff ||= this.#i >= this.#text.length;
    this.#i++;
  }

  /** The word that ends here is the next of the entry. */
  #add(end: number): void {
    this.#words.add(this.#text.slice(this.#i, end), this.#i);
    this.#i = end;
  }
}

/** Behind the second quote; -1 when there is none. */
function endOfQuoted(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return -1;
}
