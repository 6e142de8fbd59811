// The server side of SMTP (RFC 5321, 2920, 3030, 3207, 3461, 6531) and LMTP (RFC 2033) as a state machine: bytes in, events and replies out.
// It owns no socket and no timer. How the bytes were cut into chunks changes only how `content` is cut.

import { challengeReply } from './auth-commands.ts';
import { CommandReader } from './command-reader.ts';
import { ContentPhase } from './content-phase.ts';
import { Foreword } from './foreword.ts';
import { InputQueue } from './input-queue.ts';
import { type CommandVerdict, data, endOfContent } from './judge-command.ts';
import { listenerReplies } from './listener-replies.ts';
import { OpenQuestion } from './open-question.ts';
import type { LaterAnswer } from './later-answer.ts';
import { isFarAhead } from './read-ahead.ts';
import { assertRefusal, asReply, type FixedReply, fixedReply, Replies } from './replies.ts';
import { ReplyQueue } from './reply-queue.ts';
import type { Leniency, Reply, ServerEvent, ServerPhase, ServerSessionOptions } from './server-types.ts';
import { type Allowance, SessionFacts } from './session-facts.ts';
import { SessionMisuseError } from './session-misuse-error.ts';

const strict: Leniency = { oddCommands: false, defaultDomain: '' };
const reset: ServerEvent = { kind: 'reset' };
const close: ServerEvent = { kind: 'close' };

/**
 * One session, server side.
 *
 * Pass bytes to `receive`, take events with `next` until there is none, answer those that need an answer, and send the bytes of
 * `takeOutput`. From an event that needs an answer until its answer, `next` returns undefined.
 */
export class ServerSession {
  readonly #facts: SessionFacts;
  readonly #input: InputQueue;
  readonly #output: ReplyQueue;
  readonly #commands: CommandReader;
  readonly #content: ContentPhase;
  readonly #question = new OpenQuestion();
  readonly foreword: Foreword;

  #phase: ServerPhase = 'greeting';
  /** Events that were not taken yet. */
  #pendingEvents: ServerEvent[] = [];
  #shutdownReply: FixedReply | undefined;
  /** The reply with which the session ended by itself; undefined during the session and after QUIT. */
  lastReply: Reply | undefined;

  constructor(options: ServerSessionOptions, leniency: Leniency = strict, input = new InputQueue()) {
    this.#input = input;
    this.#facts = new SessionFacts(options, leniency);
    this.#output = new ReplyQueue(this.#facts);
    this.#commands = new CommandReader(input, this.#output, this.#facts);
    this.#content = new ContentPhase(this.#facts);
    this.foreword = new Foreword(input, this.#output);
  }

  /** Does an event wait for `accept` or `reject`? */
  get awaitingAnswer(): boolean {
    return this.#question.isOpen;
  }

  /** What the client is to send next. */
  get phase(): ServerPhase {
    return this.#phase;
  }

  /** Bytes that were received and not used yet. Their chunks are still referenced. */
  get bufferedBytes(): number {
    return this.#input.size;
  }

  /** Messages that wait for stable storage, see `answerLater`. */
  get unanswered(): number {
    return this.#output.unanswered;
  }

  /** Must a message that waits for stable storage be answered before the session goes on? */
  get isWaiting(): boolean {
    if (this.unanswered === 0) return false;
    return this.#phase === 'closed' || this.#commands.isHeldBack || isFarAhead(this.#input, this.#output);
  }

  /** Was MAIL accepted, and the message neither completed nor refused yet? */
  get inTransaction(): boolean {
    return this.#facts.transaction.open;
  }

  /** The reply that will refuse the present content at its end; undefined while the content is allowed. */
  get contentRefusal(): Reply | undefined {
    const { refusal } = this.#content.reader;
    return refusal === undefined ? undefined : asReply(refusal);
  }

  /** Queues the 220 greeting. */
  greet(): void {
    if (this.#phase !== 'greeting') throw new SessionMisuseError('greet() for a session that has begun');
    this.#output.greet();
    this.#phase = 'command';
  }

  /** Refuses service: queues this reply, or none, and ends the session (RFC 5321 3.1). */
  refuse(reply: Reply | undefined): void {
    if (reply === undefined) this.#endBy(close);
    else this.#close(this.#output.encode(assertRefusal(reply)));
  }

  /** Takes bytes from the client. The chunk must not change before it was used up, see `bufferedBytes`. */
  receive(chunk: Uint8Array): void {
    // RFC 3207 4.2: what comes in clear behind an accepted STARTTLS was put in by an attacker, to be taken as said under TLS.
    if (this.#phase === 'handshake') this.#endBy(close);
    else if (this.#phase !== 'closed') this.#input.push(chunk);
  }

  /**
   * TLS is on: before the greeting, or after an accepted `starttls`. What was said in clear is forgotten (RFC 3207 4.2).
   * @param isBindable - whether mechanisms that bind to the connection can be offered (RFC 5056)
   * @param isIdentified - whether the client has shown a certificate of a user, and EXTERNAL can be offered
   */
  secured(isBindable = false, isIdentified = false): void {
    if (this.#phase === 'handshake') this.#phase = 'command';
    else if (this.#phase !== 'greeting') {
      throw new SessionMisuseError('secured() in a session that had not accepted STARTTLS');
    }
    this.#output.enhanced = true;
    this.#facts.secured(isBindable, isIdentified);
  }

  /** The next event; undefined if more bytes, or an answer, are needed first. */
  next(): ServerEvent | undefined {
    for (;;) {
      if (this.isWaiting) return undefined;
      if (this.#pendingEvents.length > 0) return this.#pendingEvents.shift();
      if (this.#question.isOpen || this.#phase === 'closed' || this.#phase === 'handshake') return undefined;
      let event: ServerEvent | undefined;
      if (this.#phase === 'content') {
        event = this.#readContent();
        if (event === undefined && this.#phase === 'content') return undefined;
      } else if (this.#shutdownReply !== undefined) {
        this.#close(this.#shutdownReply);
      } else {
        const command = this.#nextCommand();
        if (command === undefined) return undefined;
        event = this.#carryOut(command);
      }
      if (event !== undefined) return event;
    }
  }

  /**
   * Accepts the event that waits for an answer.
   * @param text - instead of the usual text; ignored for `data`
   * @param enhanced - the 2.y.z status code (RFC 3463) for the text, instead of the usual one
   */
  accept(text?: string, enhanced?: string): void {
    const question = this.#question.take();
    switch (question.kind) {
      case 'hello':
        this.#output.acceptHello(question.extended, text);
        this.#facts.saidHello = true;
        // RFC 5321 4.1.4: an accepted EHLO or HELO is also a RSET.
        if (this.#facts.transaction.open) this.#pendingEvents.push(reset);
        this.#facts.transaction.end();
        break;
      case 'starttls':
        this.#output.send(Replies.startTls);
        this.#phase = 'handshake';
        break;
      case 'mail':
        this.#facts.transaction.begin(question.params);
        this.#output.accept(Replies.mailOk, text, enhanced);
        break;
      case 'rcpt':
        this.#facts.transaction.recipients++;
        this.#output.accept(Replies.rcptOk, text, enhanced);
        break;
      case 'data':
        this.#phase = 'content';
        if (this.#content.begin()) this.#output.send(Replies.startMailInput);
        break;
      case 'end':
        this.#output.accept(Replies.ok, text, enhanced, this.#content.repliesAtEnd);
        this.#facts.transaction.end();
        break;
      case 'auth':
      case 'response':
        this.#facts.isAuthenticated = true;
        this.#output.send(Replies.authenticated);
        break;
      case 'xclient':
      case 'etrn':
        throw new SessionMisuseError('accept() for XCLIENT or ETRN, which restart() and reject() answer');
      case 'vrfy':
        this.#output.accept(text === undefined ? Replies.cannotVerify : Replies.rcptOk, text, enhanced);
        break;
      case 'xforward':
        this.#output.send(Replies.ok);
    }
  }

  /**
   * Puts off the answer to `end`: the message waits for stable storage, and the session goes on with the next one. The replies to what
   * follows wait for this answer (RFC 2920 3.2).
   */
  answerLater(): LaterAnswer {
    if (this.#question.take().kind !== 'end') {
      throw new SessionMisuseError('answerLater() for something else than the end of content');
    }
    const answer = this.#output.acceptLater(this.#content.repliesAtEnd, this.#input.usedBytes);
    this.#facts.transaction.end();
    return answer;
  }

  /** Answers `auth` or `response` with a challenge (RFC 4954 4): the next thing that the client sends is a response. */
  challenge(bytes: Uint8Array): void {
    const { kind } = this.#question.take();
    if (kind !== 'auth' && kind !== 'response') throw new SessionMisuseError('challenge() without AUTH');
    this.#output.send(challengeReply(bytes));
    this.#phase = 'response';
  }

  /** What this client may do: before the greeting or after `restart`, or when it is a user's, before AUTH is accepted. */
  allow(allowance: Allowance, isOfUser = false): void {
    this.#facts.allow(allowance, isOfUser);
  }

  /** Accepts `xclient`: the session begins again, with another client. @param options - only `maxErrors` may differ */
  restart(options: ServerSessionOptions, leniency: Leniency): void {
    this.#facts.restart(this.#question.take(), options, leniency);
    this.#output.enhanced = true;
    this.#output.greet();
  }

  /** Refuses the event that waits for an answer, or answers `etrn`. 421 ends the session. A refused `data` or `end` ends the transaction. */
  reject(reply: Reply): void {
    if (this.#question.kind !== 'etrn') assertRefusal(reply);
    const question = this.#question.take();
    // RFC 2034 4: no enhanced code in answers to HELO and EHLO.
    const encoded = this.#output.encode(reply, question.kind !== 'hello');
    if (reply.code === 421) {
      this.#close(encoded);
      return;
    }
    if (question.kind === 'end') {
      this.#facts.transaction.end();
      this.#reply(encoded, this.#content.repliesAtEnd);
    } else if (question.kind !== 'data') this.#reply(encoded);
    else {
      this.#pendingEvents.push(reset);
      if (this.#content.refuse(encoded)) this.#phase = 'content';
      else this.#reply(encoded);
    }
  }

  /** All replies queued since the last call, as one buffer that must not be changed; undefined if there is none. */
  takeOutput(): Uint8Array | undefined {
    return this.#output.take();
  }

  /** Ends the session with 421 as soon as no message is being received (RFC 5321 3.8). Call `next` afterwards. */
  shutdown(text = 'Service shutting down, try again later', enhanced = '4.3.2'): void {
    this.#shutdownReply ??= fixedReply(421, enhanced, `${this.#facts.options.hostname} ${text}`);
  }

  #carryOut(verdict: CommandVerdict): ServerEvent | undefined {
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
        return this.#endBy(verdict);
      case 'chunk':
        if (!this.#content.beginChunk(verdict.chunk, verdict.refusal)) return this.#question.ask(data);
        this.#phase = 'content';
        return undefined;
      case 'starttls':
        // RFC 3207 4: a client waits for the reply. What follows already may come from somebody between it and us (CVE-2011-0411).
        if (this.#input.size > 0) return this.#close(listenerReplies(this.#facts.options).behindStartTls);
        return this.#question.ask(verdict);
      default:
        return this.#question.ask(verdict);
    }
  }

  #nextCommand(): CommandVerdict | undefined {
    if (this.#phase === 'command') return this.#commands.next();
    if (this.#phase !== 'response') return undefined;
    const response = this.#commands.nextResponse();
    if (response === undefined) return undefined;
    this.#phase = 'command';
    if ('kind' in response) return response;
    this.#pendingEvents.push({ kind: 'unauthenticated' });
    return response;
  }

  #readContent(): ServerEvent | undefined {
    const { reader } = this.#content;
    switch (reader.read(this.#input)) {
      case 'none':
        return undefined;
      case 'piece':
        return { kind: 'content', bytes: reader.piece };
      case 'refused':
        this.#facts.transaction.end();
        return reset;
      case 'end':
        this.#phase = 'command';
        if (reader.refusal !== undefined) return this.#reply(reader.refusal, this.#content.repliesAtEnd);
        return reader.isLast ? this.#question.ask(endOfContent) : this.#reply(Replies.chunkOk);
    }
  }

  /** Queues a reply; too many errors end the session. */
  #reply(reply: FixedReply, times = 1): undefined {
    if (this.#output.send(reply, times)) this.#close(listenerReplies(this.#facts.options).tooManyErrors);
  }

  /** Queues a last reply, and ends the session: no more input is read. */
  #close(reply: FixedReply): undefined {
    this.#output.send(reply);
    this.lastReply = asReply(reply);
    this.#endBy(close);
  }

  #endBy(event: ServerEvent): undefined {
    this.#phase = 'closed';
    this.#facts.transaction.end();
    this.#input.clear();
    this.#pendingEvents.push(event);
  }
}
