// One SMTP session as a client (RFC 5321; PIPELINING, RFC 2920) without any I/O: bytes in, events and bytes out.
// Promises exactly one outcome per recipient of a begun transaction, one `close` as the last event, and bounded
// memory, whatever the server sends and wherever the connection breaks.

import { pathKind } from './commands.ts';
import { commandIn, doingIn } from './client-phase.ts';
import { answerText } from './reply-text.ts';
import { noExtensions, parseExtensions } from './extensions.ts';
import { oneLine, ReplyParser } from './reply-parser.ts';
import { SmtpClientStateError } from './state-error.ts';
import { TransactionRun } from './transaction-run.ts';
import type {
  ClientEvent,
  ClientPhase,
  ClientSessionOptions,
  ClientTransaction,
  RemoteReply,
  RepliedCommand,
  SessionFailure,
} from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';

export type * from './client-types.ts';
export type { ServerExtensions } from './extensions.ts';

const defaultMaxReplyBytes = 16 * 1024;

export class ClientSession {
  readonly #options: ClientSessionOptions;
  readonly #parser: ReplyParser;
  readonly #events: ClientEvent[] = [];
  #phase: ClientPhase = 'greeting';
  #output = '';
  #extensions = noExtensions;
  #triedHelo = false;
  #quitWanted = false;
  #run: TransactionRun | undefined;
  #replies = 0;
  /** Replies still to come that change nothing, before the one that the phase waits for. */
  #repliesToSkip = 0;
  /**
   * The session broke off with commands of one group (RFC 2920) unanswered, as behind a middlebox that offers PIPELINING
   * and does not let it through. Command by command the server may answer.
   */
  leftGroupUnanswered = false;
  /** Why the session ended, for a `begin` that crossed with the end. */
  #end: SessionFailure = { kind: 'broken', during: 'idle', text: 'the session was ended' };

  /** @throws {RangeError} when `heloName` cannot stand in a command. */
  constructor(options: ClientSessionOptions) {
    if (options.heloName === '' || pathKind(options.heloName) !== 'ascii') {
      throw new RangeError(`SMTP client: ${JSON.stringify(options.heloName)} cannot be sent as a HELO name`);
    }
    this.#options = options;
    this.#parser = new ReplyParser(options.maxReplyBytes ?? defaultMaxReplyBytes);
  }

  get phase(): ClientPhase {
    return this.#phase;
  }

  /** Complete replies so far: a timeout is for one of them, however its bytes come (RFC 5321 4.5.3.2). */
  get replies(): number {
    return this.#replies;
  }

  /** What the server offers; nothing before EHLO was answered, and after a fall-back to HELO. */
  get extensions(): ServerExtensions {
    return this.#extensions;
  }

  /** Bytes from the server; the chunk's memory is the caller's again when this returns. */
  receive(chunk: Uint8Array): void {
    if (this.#phase === 'closed') return;
    this.#parser.push(chunk);
    while (this.#parser.next()) {
      this.#replies++;
      this.#onReply(this.#parser.code);
    }
    if (this.#parser.error !== '') this.#break(`protocol error: ${this.#parser.error}`);
  }

  /** The next event, in order; undefined when there is none. */
  next(): ClientEvent | undefined {
    return this.#events.shift();
  }

  /** Everything to be written, in one buffer; undefined when there is nothing. */
  takeOutput(): Uint8Array | undefined {
    if (this.#output === '') return undefined;
    const output = Buffer.from(this.#output, 'utf8');
    this.#output = '';
    return output;
  }

  /**
   * Starts a transaction after `ready`. When the session ended meanwhile, all its recipients tempfail.
   * @throws {SmtpClientStateError} before `ready` and while another transaction runs.
   */
  begin(transaction: ClientTransaction): void {
    const isOver = this.#phase === 'quit' || this.#phase === 'closed';
    if (this.#phase !== 'idle' && !isOver) throw new SmtpClientStateError('begin', this.#phase);
    const run = new TransactionRun(transaction, this.#extensions, this.#options);
    if (isOver) {
      this.#events.push({ kind: 'done', outcomes: run.finish(this.#end), reusable: false });
    } else if (run.undecided === 0) {
      this.#events.push({ kind: 'done', outcomes: run.finish(), reusable: true }, { kind: 'ready' });
    } else {
      this.#run = run;
      this.#output += run.opening();
      this.#phase = 'mail';
    }
  }

  /** The content with its final dot was handed to the socket. Without effect when the transaction ended meanwhile. */
  contentSent(): void {
    if (this.#phase === 'content') this.#phase = 'final';
  }

  /** The content could not be read: only a dropped connection keeps the server from taking half a message. */
  contentFailed(error: string): void {
    if (this.#phase === 'content') this.#break(`the content could not be read: ${oneLine(error)}`);
  }

  /** Ends the session: when idle with QUIT at once, else when the transaction is over; before `ready` it fails. */
  quit(): void {
    if (this.#phase === 'greeting' || this.#phase === 'helo') this.#break('given up before it was ready');
    else if (this.#phase === 'idle') this.#sendQuit();
    else this.#quitWanted = true;
  }

  /** The socket ended or failed, for `reason`. */
  disconnected(reason: string): void {
    const why = oneLine(reason);
    this.#break(`connection lost while ${doingIn[this.#phase]}${why === '' ? '' : `: ${why}`}`);
  }

  /** The time for `phase` is over (RFC 5321 4.5.3.2). */
  timedOut(): void {
    this.#break(`timed out while ${doingIn[this.#phase]}`);
  }

  #onReply(code: number): void {
    if (code === 421) {
      // RFC 5321 3.8: any command may be answered by 421, and the server closes after it.
      this.#drop({ kind: 'reply', reply: this.#reply() });
    } else if (this.#repliesToSkip > 0) {
      this.#repliesToSkip--;
    } else if (this.#run !== undefined) {
      this.#onTransactionReply(this.#run, code);
    } else if (this.#phase === 'greeting') {
      this.#onGreeting(code);
    } else if (this.#phase === 'helo') {
      this.#onHelo(code);
    } else if (this.#phase === 'rset' && code < 300) {
      this.#becomeReady();
    } else if (this.#phase === 'rset') {
      this.#sendQuit({ kind: 'reply', reply: this.#reply() });
    } else if (this.#phase === 'quit') {
      this.#close();
    } else {
      this.#outOfStep('a reply to nothing');
    }
  }

  #onGreeting(code: number): void {
    if (code >= 300) {
      this.#refused(code);
      return;
    }
    this.#phase = 'helo';
    this.#output += `EHLO ${this.#options.heloName}\r\n`;
  }

  #onHelo(code: number): void {
    if (code < 300) {
      if (!this.#triedHelo)
        this.#extensions = parseExtensions(this.#parser.lines(), this.#options.ignoredExtensions);
      this.#becomeReady();
    } else if (code >= 500 && !this.#triedHelo) {
      // RFC 5321 3.2: a server that knows no EHLO is spoken to with HELO.
      this.#triedHelo = true;
      this.#output += `HELO ${this.#options.heloName}\r\n`;
    } else {
      this.#refused(code);
    }
  }

  /** The greeting, EHLO or HELO was answered with anything but 2xx. */
  #refused(code: number): void {
    if (code < 400) {
      this.#outOfStep('unexpected reply');
      return;
    }
    const failure = { kind: 'reply', reply: this.#reply() } as const;
    this.#events.push({ kind: 'failed', failure, permanent: code >= 500 });
    // RFC 5321 3.1: after a refusal the server waits for QUIT.
    this.#sendQuit(failure);
  }

  #onTransactionReply(run: TransactionRun, code: number): void {
    if (code >= 400) {
      this.#onRefusal(run, this.#reply());
      return;
    }
    // RFC 5321 4.2: an unknown code means what its first digit means; 3xx belongs to DATA alone. A reply to the
    // content before its end was sent must never count as a delivery.
    const isExpected = this.#phase === 'data' ? code >= 300 : code < 300 && this.#phase !== 'content';
    if (!isExpected) {
      this.#outOfStep('unexpected reply');
    } else if (this.#phase === 'mail') {
      this.#firstRecipient(run);
    } else if (this.#phase === 'rcpt') {
      run.accepted();
      this.#nextRecipient(run);
    } else if (this.#phase === 'final') {
      run.delivered(this.#reply());
      this.#finish(run, false);
    } else if (run.undecided > 0) {
      this.#phase = 'content';
      this.#events.push({ kind: 'content' });
    } else {
      // RFC 2920 3.1: 354 though nobody is left; an empty message ends it, whatever the server makes of that.
      this.#output += '.\r\n';
      this.#repliesToSkip = 1;
      this.#finish(run, true);
    }
  }

  #onRefusal(run: TransactionRun, reply: RemoteReply): void {
    if (this.#phase === 'rcpt') {
      run.refused(reply);
      this.#nextRecipient(run);
      return;
    }
    const failure = { kind: 'reply', reply } as const;
    run.failRest(reply.code >= 500 ? 'permfail' : 'tempfail', failure);
    // With PIPELINING the replies to RCPT and DATA come all the same, though MAIL was refused.
    if (this.#phase === 'mail' && run.isPipelined) this.#firstRecipient(run);
    // Refused in the middle of the content: the rest of it would be read as commands.
    else if (this.#phase === 'content') this.#drop(failure);
    else this.#finish(run, true);
  }

  #firstRecipient(run: TransactionRun): void {
    this.#phase = 'rcpt';
    this.#nextRecipient(run);
  }

  #nextRecipient(run: TransactionRun): void {
    if (run.nextRecipient()) {
      if (!run.isPipelined) this.#output += run.rcpt();
    } else if (run.isPipelined) {
      this.#phase = 'data';
    } else if (run.undecided > 0) {
      this.#output += 'DATA\r\n';
      this.#phase = 'data';
    } else {
      this.#finish(run, true);
    }
  }

  /** The transaction is over and the session in step. */
  #finish(run: TransactionRun, needsReset: boolean): void {
    this.#run = undefined;
    this.#events.push({ kind: 'done', outcomes: run.finish(), reusable: !this.#quitWanted });
    if (this.#quitWanted || !needsReset) {
      this.#becomeReady();
      return;
    }
    this.#phase = 'rset';
    this.#output += 'RSET\r\n';
  }

  #becomeReady(): void {
    if (this.#quitWanted) {
      this.#sendQuit();
      return;
    }
    this.#phase = 'idle';
    this.#events.push({ kind: 'ready' });
  }

  #sendQuit(reason: SessionFailure = this.#end): void {
    this.#end = reason;
    this.#phase = 'quit';
    this.#output += 'QUIT\r\n';
  }

  /** The same for a reply that stands where none of its kind may: nobody knows any more what the next one answers. */
  #outOfStep(what: string): void {
    this.#break(`protocol error: ${what}: ${answerText(this.#reply())}`, true);
  }

  /** Ends everything at once, for a reason that no reply gave. @param isAnswered - the commands of a group (RFC 2920) are */
  #break(text: string, isAnswered = false): void {
    this.#drop({ kind: 'broken', during: this.#command(), text }, isAnswered);
  }

  /** Ends everything at once: whoever has no outcome yet tempfails. */
  #drop(failure: SessionFailure, isAnswered = failure.kind === 'reply'): void {
    if (this.#phase === 'closed') return;
    if (this.#run !== undefined) {
      // A 421 is the server's own word; what it says of the rest, it would say command by command, too.
      this.leftGroupUnanswered =
        !isAnswered && this.#run.isPipelined && (this.#phase === 'rcpt' || this.#phase === 'data');
      if (this.leftGroupUnanswered && failure.kind === 'broken') this.#run.doubtMail(failure);
      const outcomes = this.#run.finish(failure);
      this.#run = undefined;
      this.#events.push({ kind: 'done', outcomes, reusable: false });
    } else if (this.#phase === 'greeting' || this.#phase === 'helo') {
      this.#events.push({ kind: 'failed', failure, permanent: false });
    }
    this.#end = failure;
    this.#close();
  }

  #close(): void {
    this.#phase = 'closed';
    this.#parser.discard();
    this.#events.push({ kind: 'close' });
  }

  /** The reply at hand. */
  #reply(): RemoteReply {
    return this.#parser.reply(this.#command());
  }

  /** What a reply answers now. */
  #command(): RepliedCommand {
    const isHelo = this.#phase === 'helo' && this.#triedHelo;
    return isHelo ? 'HELO' : commandIn[this.#phase];
  }
}
