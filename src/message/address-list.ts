// Address lists of header fields such as To and Cc (RFC 5322 3.4, with the obsolete forms of 4.4): display names, comments,
// quoted strings, groups and routes are understood, and only the mailboxes come out. Takes time in proportion to the length.

import { parseMailbox } from '../address/path.ts';

/** The result of reading an address list. */
export interface AddressList {
  /** Mailboxes in the syntax of SMTP (RFC 5321 4.1.2), in order; a name without a domain has got the default domain. */
  readonly addresses: readonly string[];
  /** Entries that are no valid mailbox, as far as they could be read. */
  readonly invalid: readonly string[];
}

/** The result of reading who has written a message. */
export interface AuthorList extends AddressList {
  /** Texts with an `@` outside of quotes that stand beside a mailbox in angle brackets. Some programs take such a text for the mailbox. */
  readonly strays: readonly string[];
  /** A comment, a quoted string or an angle bracket does not end: programs differ in what they read behind its beginning. */
  readonly isCutOff: boolean;
}

/**
 * Reads an address list.
 *
 * @param text - the value of the field, folded or not
 * @param defaultDomain - what a local name such as `root` is completed with
 */
export function parseAddressList(text: string, defaultDomain: string): AddressList {
  const { addresses, invalid } = parseAuthorList(text, defaultDomain);
  return { addresses, invalid };
}

/** Reads an address list of which it matters what other programs read in it. Parameters are those of `parseAddressList`. */
export function parseAuthorList(text: string, defaultDomain: string): AuthorList {
  const addresses: string[] = [];
  const invalid: string[] = [];
  const reader = new ListReader(text.replaceAll(fold, ''));
  for (const entry of reader.read()) {
    const mailbox = parseMailbox(entry.includes('@') ? entry : `${entry}@${defaultDomain}`);
    if (mailbox.kind === 'mailbox' && !control.test(entry)) addresses.push(mailbox.address);
    else invalid.push(entry);
  }
  return { addresses, invalid, strays: reader.strays, isCutOff: reader.isCutOff };
}

/**
 * RFC 5322 2.2.3: a line end before a blank is a fold, and one at the very end belongs to the field. Any other CR or LF is kept,
 * and makes its entry invalid: if it were removed, the words on both sides would become the address of somebody else.
 */
const fold = /\r?\n(?=[ \t]|$)/g;

/** RFC 5321 4.1.2 allows no control character in a mailbox, not even in a quoted string. */
const control = /[\x00-\x1f\x7f-\x9f]/;

/**
 * The words of one entry. They are kept as pieces, with the last one aside: reading the end of a growing text would copy all of
 * it each time.
 */
class Words {
  #pieces: string[] = [];
  /** There were blanks or comments after the last piece. They count only if a word follows without "." or "@" between. */
  #blank = false;
  #last = '';

  clear(): void {
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#blank = false;
    this.#last = '';
  }

  add(word: string): void {
    const joins = word === '.' || word === '@' || this.#last === '.' || this.#last === '@';
    if (this.#blank && !joins && this.#last !== '') this.#pieces.push(' ');
    this.#blank = false;
    this.#pieces.push(word);
    this.#last = word;
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
class ListReader {
  readonly #text: string;
  #i = 0;
  #entries: string[] = [];
  readonly strays: string[] = [];
  isCutOff = false;
  /** The current entry; a blank between two words without "." or "@" is kept, so that the entry is no valid address. */
  readonly #words = new Words();
  /** The mailbox of the current entry was in angle brackets. */
  #angled = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): readonly string[] {
    while (this.#i < this.#text.length) this.#readOne(this.#text[this.#i] ?? '');
    this.#endEntry();
    return this.#entries;
  }

  #readOne(c: string): void {
    switch (c) {
      case ',':
      case ';': // the end of a group; some write it between mailboxes, too
        this.#i++;
        this.#endEntry();
        break;
      case ':': // what came before is the name of a group
        this.#i++;
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
      this.#words.add(this.#take(end === -1 ? this.#text.length : end));
    } else if (c === '[') {
      const end = this.#text.indexOf(']', this.#i);
      this.#words.add(this.#take(end === -1 ? this.#text.length : end + 1));
    } else {
      specials.lastIndex = this.#i + 1;
      const special = '.@,;:<>()]'.includes(c)
        ? this.#i + 1
        : (specials.exec(this.#text)?.index ?? this.#text.length);
      this.#words.add(this.#take(special));
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
    this.#push(this.#words.text);
    this.#angled = true;
    this.#words.clear();
  }

  #endEntry(): void {
    if (this.#angled) this.#leaveWords();
    else this.#push(this.#words.text);
    this.#angled = false;
    this.#words.clear();
  }

  /** The words are no mailbox. */
  #leaveWords(): void {
    if (this.#words.hasAt) this.strays.push(this.#words.text);
    this.#words.clear();
  }

  #push(entry: string): void {
    if (entry !== '') this.#entries.push(entry);
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

  #take(end: number): string {
    const word = this.#text.slice(this.#i, end);
    this.#i = end;
    return word;
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
