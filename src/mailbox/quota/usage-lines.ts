// The lines of a usage log: how much is in the mailboxes that share a quota, as a sum of what came and went. All processes append to it, each
// line by one write, and all read the same lines in the same order: so they agree on the sum, and on who came first. Pure.

import type { Usage } from './maildirsize.ts';

const firstWord = 'sluice-usage';
const version = '1';

/** What the lines so far say. */
export class UsageTally {
  bytes = 0;
  messages = 0;
  /** No line counts any more: the log goes on in the next file. */
  isEnded = false;
  /** When the mailboxes were counted last, Unix ms; 0: never. */
  countedAtMs = 0;
  /** Mailboxes whose folders do not tell whose they are, by the address of the user. */
  readonly elsewhere = new Map<string, string>();
  /** Addresses of the lines that came since it was set; undefined: nobody asks. */
  changed: Set<string> | undefined;
  readonly #writer: string;
  /** The sums behind lines of this writer that nobody has asked for yet, by number. */
  readonly #own = new Map<number, Usage>();
  /** Counts that have begun since the last one that ended. */
  #counts = new Set<string>();
  /** Counts of this writer whose last line was read. */
  readonly #ended = new Set<string>();
  #rest = '';

  constructor(writer: string) {
    this.#writer = writer;
  }

  get usage(): Usage {
    return { bytes: this.bytes, messages: this.messages };
  }

  /** Takes what was appended since the last call. Lines that nobody understands are left out. */
  take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (!this.isEnded) this.#line(line);
  }

  /** The sum up to a line of this writer; undefined: the line does not count. */
  takeOwn(number: number): Usage | undefined {
    const found = this.#own.get(number);
    this.#own.delete(number);
    return found;
  }

  /** Has this count begun, and no other one ended since? */
  isCounting(token: string): boolean {
    return this.#counts.has(token);
  }

  /** Was the last line of this count read, whether it counted or not? */
  hasEnded(token: string): boolean {
    return this.#ended.has(token);
  }

  #line(line: string): void {
    const [word = '', ...words] = line.split(' ');
    switch (word) {
      case 'add':
        this.#add(words);
        break;
      case 'at':
        this.#elsewhere(words);
        break;
      case 'count':
        this.#counts.add(words[0] ?? '');
        break;
      case 'counted':
        this.#counted(words);
        break;
      case 'end':
        this.isEnded = true;
        break;
      case firstWord:
        this.countedAtMs = numberOf(words[1]) ?? 0;
        break;
      default:
    }
  }

  #add([bytesText, messagesText, address = '', writer, number]: readonly string[]): void {
    const [bytes, messages] = [numberOf(bytesText), numberOf(messagesText)];
    if (bytes === undefined || messages === undefined) return;
    this.bytes += bytes;
    this.messages += messages;
    if (address !== '') this.changed?.add(decoded(address));
    if (writer === this.#writer) this.#own.set(numberOf(number) ?? -1, this.usage);
  }

  #elsewhere([address = '', path = '']: readonly string[]): void {
    this.elsewhere.set(decoded(address), decoded(path));
  }

  /** Of counts at the same time, the first one to end counts: the others would take off the same once more. */
  #counted([token = '', bytesText, messagesText, atMs]: readonly string[]): void {
    const [bytes, messages] = [numberOf(bytesText), numberOf(messagesText)];
    if (token.startsWith(this.#writer)) this.#ended.add(token);
    if (!this.#counts.has(token) || bytes === undefined || messages === undefined) return;
    this.#counts = new Set();
    this.bytes += bytes;
    this.messages += messages;
    this.countedAtMs = numberOf(atMs) ?? this.countedAtMs;
  }

  /** The first lines of the file that goes on behind this one: the same for whoever writes them. */
  get next(): string {
    const { bytes, messages } = this.usage;
    const elsewhere = [...this.elsewhere].map(([address, path]) => atLine(address, path));
    const counts = Array.from(this.#counts, countLine);
    return [firstLine(this.countedAtMs), `add ${bytes} ${messages}\n`, ...elsewhere, ...counts].join('');
  }
}

export function firstLine(countedAtMs = 0): string {
  return `${firstWord} ${version} ${countedAtMs}\n`;
}

/** What came into the mailbox of a user, or by negative numbers went. */
export function addLine({ bytes, messages }: Usage, address: string, writer: string, number: number): string {
  return `add ${bytes} ${messages} ${encoded(address)} ${writer} ${number}\n`;
}

export function atLine(address: string, path: string): string {
  return `at ${encoded(address)} ${encoded(path)}\n`;
}

export function countLine(token: string): string {
  return `count ${token}\n`;
}

/** @param correction - what the count has found beyond the sum */
export function countedLine(token: string, { bytes, messages }: Usage, nowMs: number): string {
  return `counted ${token} ${bytes} ${messages} ${nowMs}\n`;
}

export const endLine = 'end\n';

/** Without spaces and line ends; not empty for an address. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/u.test(text) ? Number(text) : undefined;
}
