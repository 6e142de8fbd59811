// What passes through `sendmail -bs`: follows commands and replies so far as to know where content begins and ends, whether
// lines of this system (LF) have to become lines of SMTP (CRLF), and whether what was handed in was taken. No I/O.

import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { refusalCode } from './verdict.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** As much of a line as is looked at: a verb, the size of a chunk, a code with its status. */
const maxKept = 64;
/** Commands whose refusal means that a message did not go to everybody. */
const handsIn = new Set(['MAIL', 'RCPT', 'DATA', 'BDAT', 'content']);

export class StdioSession {
  /** Whether lines end with LF alone, as a here-document has them; undefined before the first one. */
  #onlyLf: boolean | undefined;
  #inContent = false;
  /** Octets of a BDAT chunk that are still to come: they are counted, so none is added (RFC 3030 2). */
  #chunkLeft = 0;
  #line = '';
  #afterCr = false;
  /** Behind DATA, until it is answered: whoever does not wait for 354 must not have a text taken for commands. */
  #held: Buffer[] = [];
  #isWaiting = false;
  /** What the next replies answer. */
  readonly #asked: string[] = ['greeting'];
  #replyLine = '';
  #isOpen = false;
  #taken = 0;
  #saidGoodbye = false;
  #refusal: ExitCode | undefined;
  #misunderstood: ExitCode | undefined;

  /** True while nothing can be sent before DATA is answered. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Takes input and gives what is to be sent now. */
  take(input: Buffer): Buffer {
    const out = Buffer.allocUnsafe(input.length * 2);
    let length = 0;
    for (let at = 0; at < input.length; at++) {
      if (this.#isWaiting) {
        this.#held.push(Buffer.from(input.subarray(at)));
        break;
      }
      const octet = input[at] ?? 0;
      if (this.#chunkLeft > 0) {
        out[length++] = octet;
        this.#chunkLeft--;
        continue;
      }
      if (octet === lineFeed) this.#onlyLf ??= !this.#afterCr;
      const endsLine = octet === lineFeed && (this.#afterCr || this.#onlyLf === true);
      if (endsLine && !this.#afterCr) out[length++] = carriageReturn;
      out[length++] = octet;
      this.#afterCr = octet === carriageReturn;
      if (endsLine) this.#lineEnded();
      else if (this.#line.length < maxKept) this.#line += String.fromCharCode(octet);
    }
    return out.subarray(0, length);
  }

  /** Follows replies, and gives what was held for them. */
  heard(replies: Buffer): Buffer {
    for (const octet of replies) {
      if (octet !== lineFeed) {
        if (this.#replyLine.length < maxKept) this.#replyLine += String.fromCharCode(octet);
        continue;
      }
      const line = this.#replyLine;
      this.#replyLine = '';
      // RFC 5321 4.2.1: a hyphen behind the code means that the reply goes on.
      if (line[3] !== '-') this.#replied(line);
    }
    if (this.#isWaiting || this.#held.length === 0) return Buffer.alloc(0);
    const held = Buffer.concat(this.#held);
    this.#held = [];
    return this.take(held);
  }

  /**
   * How the session went, once it is over. 0 only if everything that was handed in was taken, or if nothing was to be and
   * the session ended with QUIT.
   */
  exitCode(): ExitCode {
    if (this.#inContent || this.#isWaiting) return exitCodes.tempFail;
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#isOpen) return exitCodes.tempFail;
    if (this.#taken > 0) return exitCodes.ok;
    return this.#misunderstood ?? (this.#saidGoodbye ? exitCodes.ok : exitCodes.tempFail);
  }

  #lineEnded(): void {
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    if (this.#inContent) {
      if (line !== '.') return;
      this.#inContent = false;
      this.#asked.push('content');
      return;
    }
    const verb = line.slice(0, 4).toUpperCase();
    const chunk = verb === 'BDAT' ? /^BDAT +(\d{1,15})( +LAST)? *$/iu.exec(line) : null;
    this.#chunkLeft = Number(chunk?.[1] ?? 0);
    this.#isWaiting = verb === 'DATA';
    this.#asked.push(chunk?.[2] === undefined ? verb : 'content');
  }

  #replied(line: string): void {
    const asked = this.#asked.shift() ?? '';
    const code = Number(line.slice(0, 3));
    if (asked === 'DATA') {
      this.#isWaiting = false;
      this.#inContent = code === 354;
    }
    if (asked === 'content' || ((asked === 'RSET' || asked === 'EHLO' || asked === 'HELO') && code < 300)) {
      this.#isOpen = false;
    }
    if (code >= 400) {
      const exitCode = refusalCode(code, line);
      if (handsIn.has(asked)) this.#refusal ??= exitCode;
      else this.#misunderstood ??= exitCode;
    } else if (asked === 'MAIL') this.#isOpen = true;
    else if (asked === 'content') this.#taken++;
    else if (asked === 'QUIT') this.#saidGoodbye = true;
  }
}
