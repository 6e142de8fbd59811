// Parses the replies of an SMTP server (RFC 5321 4.2) from chunks that may be cut anywhere.
// It keeps at most one unfinished reply of bounded size, and creates strings only on request.

import { replaceUnprintable } from '../../../values/unprintable.ts';
import { repeatsSecret } from './repeated-secret.ts';
import { quoted } from './reply-text.ts';
import type { RemoteReply, RepliedCommand } from './client-types.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;
const hyphen = 0x2d;
const nothing = Buffer.alloc(0);
const maxTextCharacters = 2000;
/** Of a reply that repeats a secret. */
const leftOut = '(the text of the server is left out: it has the secret in it)';
/** RFC 2034 4. Some servers write a hash before it, brackets around it or a colon after it. */
const enhancedPattern = /^[#([]?([245]\.\d{1,3}\.\d{1,3})(?=[ )\]:,;]|$)/;

/** The text of a reply or an error on one line: every control character becomes a blank. */
export function oneLine(text: string): string {
  return replaceUnprintable(text, ' ').trim();
}

/** A line of a status alone says nothing beside the line with words, which may have another one: 5.1.1 in front of 5.1.10. */
const onlyStatus = /^\s*[245]\.\d{1,3}\.\d{1,3}\s*$/;

function hasWords(line: string): boolean {
  return line.trim() !== '' && !onlyStatus.test(line);
}

function withoutStatus(line: string, enhanced: string): string {
  if (!line.startsWith(enhanced)) return line;
  const rest = line.slice(enhanced.length);
  return rest === '' || rest.startsWith(' ') ? rest.trimStart() : line;
}

export class ReplyParser {
  /** The code of the reply that `next` found. */
  code = 0;
  /** Why the bytes are not a valid reply; empty while they are. */
  error = '';
  /** What a log-in has told the server. A reply that repeats it, be it to AUTH or long after it, is shown without its text. */
  secrets: readonly string[] = [];
  readonly #maxReplyBytes: number;
  /** The current chunk, or our own copy of an unfinished reply. */
  #bytes: Buffer = nothing;
  #isOwn = false;
  #length = 0;
  /** The start of the reply that is being read. */
  #start = 0;
  #lineStart = 0;
  /** The current line has no line feed before this index. */
  #scanned = 0;
  /** The start and the end of the reply that `next` found. */
  #foundStart = 0;
  #foundEnd = 0;

  constructor(maxReplyBytes: number) {
    this.#maxReplyBytes = maxReplyBytes;
  }

  /** Takes a chunk. Call `next` until it returns false before the chunk's memory is reused. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#length) {
      this.#bytes = Buffer.isBuffer(chunk)
        ? chunk
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      this.#isOwn = false;
      this.#length = chunk.length;
      this.#start = this.#lineStart = this.#scanned = 0;
      return;
    }
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /**
   * Finds the next complete reply and sets `code`; false when more bytes are needed or `error` is set.
   * The code of the last line counts (by RFC 5321 4.2.1 all lines have the same code). A line may end with a bare LF.
   */
  next(): boolean {
    if (this.error !== '') return false;
    const bytes = this.#bytes;
    for (;;) {
      // A loop, since replies are so short that it is faster than the native call of `indexOf`.
      let lf = this.#scanned;
      while (lf < this.#length && bytes[lf] !== lineFeed) lf++;
      const lineIsWhole = lf < this.#length;
      const size = (lineIsWhole ? lf + 1 : this.#length) - this.#start;
      if (size > this.#maxReplyBytes) {
        this.error = `a reply of more than ${this.#maxReplyBytes} bytes`;
        return false;
      }
      if (!lineIsWhole) {
        this.#keepRest();
        return false;
      }
      const at = this.#lineStart;
      const end = lf > at && bytes[lf - 1] === carriageReturn ? lf - 1 : lf;
      const code = this.#codeAt(at, end);
      // RFC 5321 4.2: a code may come without any text.
      const separator = end - at > 3 ? bytes[at + 3] : blank;
      if (code === 0 || (separator !== blank && separator !== hyphen)) {
        const shown = this.#bytes.toString('utf8', at, Math.min(end, at + 80));
        this.error = `a line that is not an SMTP reply: ${quoted(oneLine(shown))}`;
        return false;
      }
      this.#lineStart = this.#scanned = lf + 1;
      if (separator === hyphen) continue;
      this.code = code;
      this.#foundStart = this.#start;
      this.#foundEnd = lf + 1;
      this.#start = lf + 1;
      return true;
    }
  }

  /** Drops all bytes, so that `next` finds no more replies in this chunk. */
  discard(): void {
    this.#bytes = nothing;
    this.#isOwn = false;
    this.#length = this.#start = this.#lineStart = this.#scanned = 0;
  }

  /** The number of bytes behind the reply that `next` found; valid until the next `next` or `push`. */
  get unreadBytes(): number {
    return this.#length - this.#start;
  }

  /** The lines of the reply that `next` found, without codes; valid until the next `next` or `push`. */
  lines(): string[] {
    const lines: string[] = [];
    for (let at = this.#foundStart; at < this.#foundEnd;) {
      const lf = this.#bytes.indexOf(lineFeed, at);
      const end = lf > at && this.#bytes[lf - 1] === carriageReturn ? lf - 1 : lf;
      lines.push(this.#bytes.toString('utf8', Math.min(at + 4, end), end));
      at = lf + 1;
    }
    return lines;
  }

  /** The reply that `next` found, in the form for outcomes and logs; valid until the next `next` or `push`. */
  reply(command: RepliedCommand): RemoteReply {
    const lines = this.lines();
    const first = (lines.find(hasWords) ?? lines[0] ?? '').trimStart();
    // RFC 2034 4: the class of the status is the first digit of the code. A status with another class is only text.
    const [asWritten = '', status = ''] = enhancedPattern.exec(first) ?? [];
    const enhanced = status !== '' && Number(status[0]) === Math.floor(this.code / 100) ? status : '';
    // Looked for in all that came: what is shown may be cut in the middle of a secret.
    if (this.secrets.length > 0 && repeatsSecret(lines.join('\n'), this.secrets))
      return { code: this.code, enhanced, lines: [leftOut], command };
    const shownLines: string[] = [];
    let left = maxTextCharacters;
    // A status in another form than that of RFC 2034 stays in the text, so that logs and reports show what the server wrote.
    let isWhole = asWritten !== status;
    for (const line of lines) {
      if (left <= 0) break;
      if (onlyStatus.test(line)) continue;
      const words = isWhole ? first : withoutStatus(line.trimStart(), enhanced === '' ? '' : asWritten);
      isWhole = false;
      const text = oneLine(words.slice(0, left).toWellFormed());
      if (text === '') continue;
      shownLines.push(text);
      left -= text.length + 1;
    }
    return { code: this.code, enhanced, lines: shownLines, command };
  }

  /** Copies an unfinished reply out of the caller's chunk. */
  #keepRest(): void {
    const rest = this.#length - this.#start;
    if (rest === 0) {
      this.#bytes = nothing;
      this.#isOwn = false;
    } else if (!this.#isOwn || this.#start > 0) {
      this.#bytes = Buffer.from(this.#bytes.subarray(this.#start, this.#length));
      this.#isOwn = true;
    }
    this.#lineStart -= this.#start;
    this.#length = this.#scanned = rest;
    this.#start = 0;
  }

  /** The reply code at a line's start, 200 to 599; 0 if there is none. */
  #codeAt(at: number, end: number): number {
    if (end - at < 3) return 0;
    const hundreds = (this.#bytes[at] ?? 0) - 0x30;
    const tens = (this.#bytes[at + 1] ?? 0) - 0x30;
    const ones = (this.#bytes[at + 2] ?? 0) - 0x30;
    if (hundreds < 2 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return 0;
    return hundreds * 100 + tens * 10 + ones;
  }
}
