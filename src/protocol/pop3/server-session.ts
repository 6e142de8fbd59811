// The server's side of POP3 (RFC 1939, 2449, 2595, 5034, 6856) without I/O: bytes in, events and replies out. Promises: however the bytes are
// cut, events and replies are the same; commands that come in advance wait for the answers before them (RFC 2449 6.8); memory is bounded; nothing
// that was said in clear counts under TLS.

import { Buffer } from 'node:buffer';
import { responseOf } from '../sasl-response.ts';
import { InputQueue } from '../smtp/server/input-queue.ts';
import { Authorization } from './authorization.ts';
import { capabilityLines } from './capabilities.ts';
import { type Command, commandOf } from './command.ts';
import { CommandLines } from './command-lines.ts';
import { Marks } from './marks.ts';
import { MessageLines } from './message-lines.ts';
import { error, ok, type Outcome, type Said } from './outcome.ts';
import { Output } from './output.ts';
import type { Maildrop, Pop3Event, Pop3Security, Pop3SessionOptions, ResponseCode } from './server-types.ts';
import { judgeTransaction } from './transaction-commands.ts';

export class Pop3Session {
  readonly #options: Pop3SessionOptions;
  readonly #input = new InputQueue();
  readonly #lines = new CommandLines(this.#input);
  readonly #output = new Output();
  readonly #authorization: Authorization;
  /** Undefined before the log-in. */
  #marks: Marks | undefined;
  /** Undefined before TLS. */
  #security: Pop3Security | undefined;
  /** An event is to be answered. */
  #isAsked = false;
  /** A challenge is to be answered by the client. */
  #isChallenged = false;
  /** The command that waits for sizes. */
  #measuring: Command | undefined;
  #message: MessageLines | undefined;
  /** The message that RETR asks for. */
  #wanted: number | undefined;
  /** How the session ends, once its output is written. */
  #end: Extract<Pop3Event, { readonly kind: 'close' }> | undefined;
  #isOver = false;
  #errors = 0;

  constructor(options: Pop3SessionOptions) {
    this.#options = options;
    this.#authorization = new Authorization(options);
  }

  /** The client has logged in. */
  get isLoggedIn(): boolean {
    return this.#marks !== undefined;
  }

  /** A message is being sent, and is not complete. */
  get isSending(): boolean {
    return this.#message !== undefined;
  }

  /** As `InputQueue.takeLast`. */
  takeLast(few: number): Uint8Array | undefined {
    return this.#input.takeLast(few);
  }

  /** The first reply, before any command. */
  greet(): void {
    this.#say(ok(this.#options.greeting));
  }

  receive(bytes: Uint8Array): void {
    if (!this.#isOver) this.#input.push(bytes);
  }

  /** What is to be sent now; undefined for nothing. A long answer comes in portions: ask again until there is nothing. */
  takeOutput(): Uint8Array | undefined {
    return this.#output.take();
  }

  /** The next event; undefined while nothing follows from what has come, an answer is being waited for, or much output has not been taken. */
  next(): Pop3Event | undefined {
    while (!this.#isAsked && !this.#output.isWaiting && !this.#isOver) {
      if (this.#end !== undefined) {
        this.#isOver = true;
        this.#input.clear();
        return this.#end;
      }
      const waiting = this.#measuring;
      this.#measuring = undefined;
      const event =
        waiting === undefined ? this.#nextLine() : this.#judged(waiting, this.#judge(waiting, true));
      if (event === 'more') return undefined;
      if (event !== undefined) return event;
    }
    return undefined;
  }

  // Answers of the owner.

  challenge(bytes: Uint8Array): void {
    this.#isAsked = false;
    this.#isChallenged = true;
    this.#output.add(`+ ${Buffer.from(bytes).toString('base64')}\r\n`);
  }

  /** The client has logged in, and this is its mailbox. */
  opened(drop: Maildrop): void {
    this.#isAsked = false;
    this.#marks = new Marks(drop);
    this.#say(ok(`${drop.count} messages`));
  }

  /** Refuses what was asked. The client may go on. */
  refuse(text: string, code: ResponseCode = ''): void {
    this.#isAsked = false;
    this.#measuring = undefined;
    this.#wanted = undefined;
    this.#say(error(text, code));
  }

  /** Refuses what was asked, if anything was, and ends the session. */
  end(text: string, code: ResponseCode = ''): void {
    this.refuse(text, code);
    this.#end ??= { kind: 'close', isQuit: false };
  }

  /** The handshake follows; `secured` ends it. Nothing is taken before that. */
  startTls(): void {
    this.#say(ok('Begin TLS now'));
  }

  /** The connection is under TLS: by STLS, or before anything was said. */
  secured(security: Pop3Security): void {
    this.#isAsked = false;
    this.#security = security;
    this.#authorization.secured();
  }

  measured(): void {
    this.#isAsked = false;
  }

  /** A message follows. @param octets - undefined where its size is not known */
  begin(lines: number | undefined, octets: number | undefined): void {
    this.#message = new MessageLines(lines);
    const isWhole = lines === undefined && octets !== undefined;
    this.#say(ok(isWhole ? `${octets} octets` : 'The message follows'));
  }

  /** @returns whether more of the message is needed */
  content(piece: Uint8Array): boolean {
    if (this.#message === undefined) return false;
    this.#output.add(this.#message.add(piece));
    return !this.#message.isOver;
  }

  /** The message is complete. */
  done(): void {
    this.#isAsked = false;
    if (this.#message === undefined) return;
    this.#output.add(this.#message.end());
    this.#output.add('.\r\n');
    this.#message = undefined;
    if (this.#wanted !== undefined) this.#marks?.retrieve(this.#wanted);
    this.#wanted = undefined;
  }

  /** After `update`. @param problem - why messages could not be removed; empty: all are */
  updated(problem: string): void {
    this.#isAsked = false;
    this.#say(problem === '' ? ok('Bye') : error(problem, 'SYS/TEMP'));
    this.#end = { kind: 'close', isQuit: true };
  }

  /** @returns 'more' when no line has come as a whole */
  #nextLine(): Pop3Event | 'more' | undefined {
    const line = this.#lines.next();
    if (line === undefined) return 'more';
    if (this.#isChallenged) return this.#responded(line);
    if (line === 'too-long') return this.#judged(undefined, error('The line is too long'));
    const command = commandOf(line);
    return this.#judged(command, this.#judge(command, false));
  }

  #judge(command: Command, isMeasured: boolean): Outcome {
    if (command.word === 'CAPA') {
      const mayStartTls = this.#marks === undefined && this.#authorization.mayStartTls(this.#security);
      const facts = { security: this.#security, isLoggedIn: this.isLoggedIn, mayStartTls };
      return ok('Capabilities follow', [capabilityLines(this.#options, facts)].values());
    }
    if (command.word === 'QUIT') return this.#quit();
    if (this.#marks !== undefined) return judgeTransaction(command, this.#marks, isMeasured);
    const outcome = this.#authorization.judge(command, this.#security);
    // RFC 2595 4: whatever follows was not said under TLS, and may be of somebody else.
    if (outcome.kind === 'ask' && outcome.event.kind === 'stls' && this.#input.size > 0) {
      this.#end = { kind: 'close', isQuit: false };
      return error('Nothing may follow STLS in clear');
    }
    return outcome;
  }

  #quit(): Outcome {
    const marks = this.#marks;
    if (marks !== undefined)
      return {
        kind: 'ask',
        event: { kind: 'update', deleted: marks.deleted, retrieved: marks.retrieved },
      };
    this.#end = { kind: 'close', isQuit: true };
    return ok('Bye');
  }

  #judged(command: Command | undefined, outcome: Outcome): Pop3Event | undefined {
    if (outcome.kind === 'ask') {
      this.#isAsked = true;
      const { event } = outcome;
      if (event.kind === 'measure') this.#measuring = command;
      if (event.kind === 'message' && event.lines === undefined) this.#wanted = event.number;
      return event;
    }
    this.#say(outcome);
    if (outcome.kind === 'error' && ++this.#errors === this.#options.maxErrors && this.#end === undefined) {
      this.#say(error('Too many errors'));
      this.#end = { kind: 'close', isQuit: false };
    }
    return undefined;
  }

  #responded(line: Buffer | 'too-long'): Pop3Event | undefined {
    this.#isChallenged = false;
    const text = line === 'too-long' ? '*' : line.toString('latin1');
    const bytes = text === '*' ? undefined : responseOf(text);
    if (bytes !== undefined) {
      this.#isAsked = true;
      return { kind: 'response', bytes };
    }
    // RFC 5034 4: `*` cancels.
    this.#judged(undefined, error(text === '*' ? 'The log-in was cancelled' : 'The response is no base64'));
    return { kind: 'unauthenticated' };
  }

  #say(outcome: Said): void {
    if (outcome.kind === 'ok') {
      this.#output.add(`+OK ${outcome.text}\r\n`);
      if (outcome.lines !== undefined) this.#output.list(outcome.lines);
      return;
    }
    const { code = '', text } = outcome;
    this.#output.add(`-ERR ${code === '' ? '' : `[${code}] `}${text}\r\n`);
  }
}
