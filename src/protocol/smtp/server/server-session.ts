// The server side of SMTP (RFC 5321, 2920, 3030, 3461, 6531) as a state machine: bytes in, events and replies out.
// Owns no socket and no timer; how the bytes were cut into chunks changes nothing but the cuts of `content`.

import { CommandLineReader } from './command-line-reader.ts';
import { ContentReader } from './content-reader.ts';
import { InputQueue } from './input-queue.ts';
import { type CommandVerdict, judgeLine, type Question } from './judge-command.ts';
import { helloReply, listenerReplies } from './listener-replies.ts';
import type { FixedReply } from './replies.ts';
import { assertRefusal, asReply, callerReply, fixedReply, Replies } from './replies.ts';
import { ReplyQueue } from './reply-queue.ts';
import type { Leniency, Reply, ServerEvent, ServerPhase, ServerSessionOptions } from './server-types.ts';
import { SessionFacts } from './session-facts.ts';
import { SessionMisuseError } from './session-misuse-error.ts';

const strict: Leniency = { oddCommands: false, defaultDomain: '' };
const reset: ServerEvent = { kind: 'reset' };
const close: ServerEvent = { kind: 'close' };
const data: Question = { kind: 'data' };
const endOfContent: Question = { kind: 'end' };

/**
 * One SMTP session, server side.
 *
 * Feed it with `receive`, take events with `next` until there is none, answer those that need it, and send what
 * `takeOutput` gives. Between an event that needs an answer and the answer, `next` gives nothing.
 */
export class ServerSession {
  readonly #facts: SessionFacts;
  readonly #input = new InputQueue();
  readonly #output = new ReplyQueue();
  readonly #lines: CommandLineReader;
  readonly #content: ContentReader;

  #phase: ServerPhase = 'greeting';
  /** Events that were decided and not taken yet. */
  #decided: ServerEvent[] = [];
  #question: Question | undefined;
  #shutdownReply: FixedReply | undefined;
  #lastReply: Reply | undefined;

  constructor(options: ServerSessionOptions, leniency: Leniency = strict) {
    this.#facts = new SessionFacts(options, leniency);
    this.#lines = new CommandLineReader(options.maxCommandLineBytes);
    this.#content = new ContentReader(options);
  }

  /** An event waits for `accept` or `reject`. */
  get awaitingAnswer(): boolean {
    return this.#question !== undefined;
  }

  /** What the client's next bytes belong to: tells which timeout is due. */
  get phase(): ServerPhase {
    return this.#phase;
  }

  /** Bytes that were received and not used yet; their chunks are kept. */
  get bufferedBytes(): number {
    return this.#input.size;
  }

  /** MAIL was accepted, and the message neither completed nor refused. */
  get inTransaction(): boolean {
    return this.#facts.transaction.open;
  }

  /** Replies of 5xx so far. */
  get errors(): number {
    return this.#output.errors;
  }

  /** The reply with which the session ended by itself; undefined while it goes on, and after QUIT. */
  get lastReply(): Reply | undefined {
    return this.#lastReply;
  }

  /** What the client is told at the end of a content that SMTP forbids; undefined when there is none. */
  get contentRefusal(): Reply | undefined {
    const { refusal } = this.#content;
    return refusal === undefined ? undefined : asReply(refusal);
  }

  /** Queues the 220 greeting. */
  greet(): void {
    if (this.#phase !== 'greeting')
      throw new SessionMisuseError('greet() after the session was greeted or refused');
    this.#output.sendBytes(listenerReplies(this.#facts.options).greeting);
    this.#phase = 'command';
  }

  /** Refuses service: queues this reply, after which the session is over (RFC 5321 3.1). */
  refuse(reply: Reply): void {
    assertRefusal(reply);
    this.#close(callerReply(reply, true, false));
  }

  /** Takes bytes from the client. The chunk must not change until it was used up: see `bufferedBytes`. */
  receive(chunk: Uint8Array): void {
    if (this.#phase === 'closed') return;
    this.#input.push(chunk);
  }

  /** The next event; undefined if more bytes, or an answer, are needed first. */
  next(): ServerEvent | undefined {
    for (;;) {
      if (this.#decided.length > 0) return this.#decided.shift();
      if (this.#question !== undefined || this.#phase === 'closed') return undefined;
      let event: ServerEvent | undefined;
      if (this.#phase === 'content') {
        event = this.#readContent();
        if (event === undefined && this.#phase === 'content') return undefined;
      } else if (this.#shutdownReply !== undefined) {
        this.#close(this.#shutdownReply);
      } else {
        const verdict = this.#phase === 'command' ? this.#lines.read(this.#input) : 'none';
        if (verdict === 'none') return undefined;
        event = this.#act(judgeLine(verdict, this.#lines, this.#facts));
      }
      if (event !== undefined) return event;
    }
  }

  /**
   * Says yes to the event that waits.
   *
   * @param text - for people, instead of the usual text; ignored for `data`
   * @param enhanced - a 2.y.z status code (RFC 3463) that goes with the text, instead of the usual one
   */
  accept(text?: string, enhanced?: string): void {
    const question = this.#answer();
    switch (question.kind) {
      case 'hello':
        this.#welcome(question.extended, text);
        break;
      case 'mail':
        this.#facts.transaction.begin(question.params);
        this.#say(Replies.mailOk, text, enhanced);
        break;
      case 'rcpt':
        this.#facts.transaction.recipients++;
        this.#say(Replies.rcptOk, text, enhanced);
        break;
      case 'data':
        this.#startContent();
        break;
      case 'end':
        this.#say(Replies.ok, text, enhanced);
        this.#facts.transaction.end();
        break;
      case 'vrfy':
        this.#say(text === undefined ? Replies.cannotVerify : Replies.rcptOk, text, enhanced);
        break;
    }
  }

  /** Says no to the event that waits; 421 ends the session. A refused `data` or `end` ends the transaction. */
  reject(reply: Reply): void {
    assertRefusal(reply);
    const question = this.#answer();
    // RFC 2034 4: no enhanced code in answers to HELO and EHLO.
    const withEnhanced = this.#output.enhanced && question.kind !== 'hello';
    const encoded = callerReply(reply, withEnhanced, this.#facts.transaction.smtpUtf8);
    if (reply.code === 421) {
      this.#close(encoded);
      return;
    }
    const chunk = this.#facts.transaction.firstChunk;
    if (question.kind === 'data' || question.kind === 'end') this.#facts.transaction.end();
    if (question.kind === 'data') this.#decided.push(reset);
    // RFC 3030 2: a refused chunk is read before it is answered.
    if (chunk === undefined) {
      this.#reply(encoded);
    } else {
      this.#content.discardChunk(chunk.octets, encoded);
      this.#phase = 'content';
    }
  }

  /** All replies queued since the last call, as one buffer that must not be changed; undefined if there is none. */
  takeOutput(): Uint8Array | undefined {
    return this.#output.take();
  }

  /** Ends the session with 421 as soon as no message is being received (RFC 5321 3.8); call `next` to get on with it. */
  shutdown(text = 'Service shutting down, try again later'): void {
    this.#shutdownReply ??= fixedReply(421, '4.3.2', `${this.#facts.options.hostname} ${text}`);
  }

  #act(verdict: CommandVerdict): ServerEvent | undefined {
    if (!('kind' in verdict)) return this.#reply(verdict);
    switch (verdict.kind) {
      case 'close':
        return this.#close(verdict.reply);
      case 'reset':
        this.#facts.transaction.end();
        this.#output.send(Replies.ok);
        return reset;
      case 'quit':
        this.#output.send(listenerReplies(this.#facts.options).bye);
        this.#over();
        return verdict;
      case 'chunk':
        return this.#chunk(verdict);
      default:
        return this.#ask(verdict);
    }
  }

  #chunk({ chunk, refusal }: Extract<CommandVerdict, { readonly kind: 'chunk' }>): ServerEvent | undefined {
    if (refusal === undefined && !this.#facts.transaction.byChunks) {
      this.#facts.transaction.firstChunk = chunk;
      return this.#ask(data);
    }
    if (refusal === undefined) this.#content.chunk(chunk.octets, chunk.isLast);
    else this.#content.discardChunk(chunk.octets, refusal);
    this.#phase = 'content';
    return undefined;
  }

  #welcome(extended: boolean, text: string | undefined): void {
    this.#facts.saidHello = true;
    this.#output.enhanced = extended;
    this.#output.sendBytes(helloReply(this.#facts.options, extended, text));
    // RFC 5321 4.1.4: an accepted EHLO or HELO is also a RSET.
    if (this.#facts.transaction.open) this.#decided.push(reset);
    this.#facts.transaction.end();
  }

  #startContent(): void {
    const chunk = this.#facts.transaction.firstChunk;
    this.#facts.transaction.firstChunk = undefined;
    this.#phase = 'content';
    if (chunk === undefined) {
      this.#output.send(Replies.startMailInput);
      this.#content.startData();
    } else {
      this.#facts.transaction.byChunks = true;
      this.#content.startChunks();
      this.#content.chunk(chunk.octets, chunk.isLast);
    }
  }

  #readContent(): ServerEvent | undefined {
    switch (this.#content.read(this.#input)) {
      case 'none':
        return undefined;
      case 'piece':
        return { kind: 'content', bytes: this.#content.piece };
      case 'refused':
        this.#facts.transaction.end();
        return reset;
      case 'end':
        this.#phase = 'command';
        if (this.#content.refusal !== undefined) return this.#reply(this.#content.refusal);
        return this.#content.isLast ? this.#ask(endOfContent) : this.#reply(Replies.chunkOk);
    }
  }

  #ask(question: Question): ServerEvent {
    this.#question = question;
    return question;
  }

  #answer(): Question {
    const question = this.#question;
    if (question === undefined)
      throw new SessionMisuseError('An answer was given, but nothing waits for one');
    this.#question = undefined;
    return question;
  }

  #say(reply: FixedReply, text: string | undefined, enhanced: string | undefined): void {
    this.#output.say(reply, text, enhanced, this.#facts.transaction.smtpUtf8);
  }

  /** Queues a reply; too many errors end the session. */
  #reply(reply: FixedReply): undefined {
    this.#output.send(reply);
    const { maxErrors } = this.#facts.options;
    if (maxErrors > 0 && this.#output.errors >= maxErrors && reply.code >= 500) {
      this.#close(listenerReplies(this.#facts.options).tooManyErrors);
    }
  }

  /** Queues a last reply; nothing more is read. */
  #close(reply: FixedReply): undefined {
    this.#output.send(reply);
    this.#lastReply = asReply(reply);
    this.#over();
    this.#decided.push(close);
  }

  #over(): void {
    this.#phase = 'closed';
    this.#facts.transaction.end();
    this.#input.clear();
  }
}
