// Follows the commands and replies of `sendmail -bs`, as far as is needed to know where content begins and ends, whether line
// ends of this system (LF) must become those of SMTP (CRLF), and whether the messages were accepted. No I/O.

import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { refusalCode } from './verdict.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Octets kept of a line: enough for a verb, the size of a chunk, or a code with its status. */
const maxKept = 64;
/** Commands whose refusal means that a message was not accepted for all recipients. */
const handInCommands = new Set(['MAIL', 'RCPT', 'DATA', 'BDAT', 'content']);

export class StdioSession {
  /** Whether lines end with LF alone, as a here-document has them; undefined before the first one. */
  #onlyLf: boolean | undefined;
  #inContent = false;
  /** Octets of a BDAT chunk that are still to come. BDAT counts them, so no CR may be added (RFC 3030 2). */
  #chunkLeft = 0;
  #line = '';
  #afterCr = false;
  /** Input after DATA, kept until DATA is answered: when it is refused, the text must not be sent as commands. */
  #held: Buffer[] = [];
  #isWaiting = false;
  /** The commands that the next replies belong to, in order. */
  readonly #pendingCommands: string[] = ['greeting'];
  #replyLine = '';
  #inTransaction = false;
  #acceptedMessages = 0;
  #saidGoodbye = false;
  #refusal: ExitCode | undefined;
  #otherRefusal: ExitCode | undefined;

  /** True while nothing can be sent before DATA is answered. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Takes input, and returns what is to be sent now. */
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

  /** Takes replies, and returns the input that was kept until they came. */
  heard(replies: Buffer): Buffer {
    for (const octet of replies) {
      if (octet !== lineFeed) {
        if (this.#replyLine.length < maxKept) this.#replyLine += String.fromCharCode(octet);
        continue;
      }
      const line = this.#replyLine;
      this.#replyLine = '';
      // RFC 5321 4.2.1: a hyphen after the code means that more lines of the reply follow.
      if (line[3] !== '-') this.#replied(line);
    }
    if (this.#isWaiting || this.#held.length === 0) return Buffer.alloc(0);
    const held = Buffer.concat(this.#held);
    this.#held = [];
    return this.take(held);
  }

  /**
   * The result of the session, once it is over. 0 only if every message was accepted, or if no message was handed in and the
   * session ended with QUIT.
   */
  exitCode(): ExitCode {
    if (this.#inContent || this.#isWaiting) return exitCodes.tempFail;
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#inTransaction) return exitCodes.tempFail;
    if (this.#acceptedMessages > 0) return exitCodes.ok;
    return this.#otherRefusal ?? (this.#saidGoodbye ? exitCodes.ok : exitCodes.tempFail);
  }

  #lineEnded(): void {
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    if (this.#inContent) {
      if (line !== '.') return;
      this.#inContent = false;
      this.#pendingCommands.push('content');
      return;
    }
    const verb = line.slice(0, 4).toUpperCase();
    const chunk = verb === 'BDAT' ? /^BDAT +(\d{1,15})( +LAST)? *$/iu.exec(line) : null;
    this.#chunkLeft = Number(chunk?.[1] ?? 0);
    this.#isWaiting = verb === 'DATA';
    this.#pendingCommands.push(chunk?.[2] === undefined ? verb : 'content');
  }

  #replied(line: string): void {
    const asked = this.#pendingCommands.shift() ?? '';
    const code = Number(line.slice(0, 3));
    if (asked === 'DATA') {
      this.#isWaiting = false;
      this.#inContent = code === 354;
    }
    if (asked === 'content' || ((asked === 'RSET' || asked === 'EHLO' || asked === 'HELO') && code < 300)) {
      this.#inTransaction = false;
    }
    if (code >= 400) {
      const exitCode = refusalCode(code, line);
      if (handInCommands.has(asked)) this.#refusal ??= exitCode;
      else this.#otherRefusal ??= exitCode;
    } else if (asked === 'MAIL') this.#inTransaction = true;
    else if (asked === 'content') this.#acceptedMessages++;
    else if (asked === 'QUIT') this.#saidGoodbye = true;
  }
}
