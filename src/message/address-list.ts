// Address lists of header fields such as To and Cc (RFC 5322 3.4, with the obsolete forms of 4.4): display names, comments,
// quoted strings, groups and routes are understood, and only the mailboxes come out.
import { parseMailbox } from '../address/path.ts';

/** What a list says. */
export interface AddressList {
  /** Mailboxes as SMTP wants them (RFC 5321 4.1.2), in order; a name without a domain got the default one. */
  readonly addresses: readonly string[];
  /** Entries that are no mailbox, as far as they could be read. */
  readonly invalid: readonly string[];
}

/**
 * Reads an address list.
 *
 * @param text - the value of the field, folded or not
 * @param defaultDomain - what a local name such as `root` is completed with
 */
export function parseAddressList(text: string, defaultDomain: string): AddressList {
  const addresses: string[] = [];
  const invalid: string[] = [];
  for (const entry of new ListReader(text.replaceAll(/\r?\n/g, '')).read()) {
    const address = entry.includes('@') ? entry : `${entry}@${defaultDomain}`;
    if (parseMailbox(address).kind === 'mailbox') addresses.push(address);
    else invalid.push(entry);
  }
  return { addresses, invalid };
}

/** Splits a list into the addr-specs of its mailboxes, without comments and blanks (RFC 5322 3.4.1). */
class ListReader {
  readonly #text: string;
  #i = 0;
  #entries: string[] = [];
  /** The words of the current entry; a blank between two of them that no "." or "@" joins is kept, as it is no address then. */
  #words = '';
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
        this.#words = '';
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
      this.#addBlank();
    } else if (c === ' ' || c === '\t') {
      this.#i++;
      this.#addBlank();
    } else if (c === '"') {
      this.#words += this.#take(endOfQuoted(this.#text, this.#i));
    } else if (c === '[') {
      const end = this.#text.indexOf(']', this.#i);
      this.#words += this.#take(end < 0 ? this.#text.length : end + 1);
    } else {
      if (c === '.' || c === '@') this.#words = this.#words.trimEnd();
      this.#words += this.#take(this.#i + 1);
    }
  }

  #addBlank(): void {
    if (!/(^|[ .@])$/.test(this.#words)) this.#words += ' ';
  }

  #readAngle(): void {
    this.#i++;
    this.#words = '';
    while (this.#i < this.#text.length && this.#text[this.#i] !== '>') {
      const c = this.#text[this.#i] ?? '';
      // RFC 5322 4.4 obs-route: "@one,@two:" before the address says nothing any more.
      if (c === ':' && this.#words.startsWith('@')) {
        this.#words = '';
        this.#i++;
      } else {
        this.#readWord(c);
      }
    }
    this.#i++;
    this.#push(this.#words.trim());
    this.#angled = true;
    this.#words = '';
  }

  #endEntry(): void {
    const words = this.#words.trim();
    if (!this.#angled && words !== '') this.#push(words);
    this.#angled = false;
    this.#words = '';
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
    this.#i++;
  }

  #take(end: number): string {
    const word = this.#text.slice(this.#i, end);
    this.#i = end;
    return word;
  }
}

function endOfQuoted(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}
