// The client side of SMTP (RFC 5321; PIPELINING, RFC 2920; STARTTLS, RFC 3207) and LMTP (RFC 2033) as a state machine without I/O: bytes in, events and bytes out.
// Promises, for any input and any end of the connection: one outcome for each recipient of a begun transaction, one `close` as the
// last event, and bounded memory.

import { pathKind } from './commands.ts';
import { answeredIn, doing } from './client-phase.ts';
import { smtpDialect, type ClientDialect } from './dialect.ts';
import { quotedAnswer } from './reply-text.ts';
import { type Declined, injected, Opening } from './opening.ts';
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
  readonly #dialect: ClientDialect;
  readonly #parser: ReplyParser;
  readonly #opening: Opening;
  readonly #events: ClientEvent[] = [];
  #phase: ClientPhase;
  #output = '';
  #quitWanted = false;
  #run: TransactionRun | undefined;
  #replyCount = 0;
  /** The number of replies to ignore before the one that the phase waits for. */
  #repliesToSkip = 0;
  /**
   * Did the session break while commands of one group (RFC 2920) were unanswered? This happens behind a middlebox that announces
   * PIPELINING but does not support it. The server may answer when commands are sent one by one.
   */
  leftGroupUnanswered = false;
  /** Why the session ended, for a `begin` that comes after the end. */
  #end: SessionFailure = { kind: 'broken', during: 'idle', text: 'the session was ended' };

  /** @throws {RangeError} when `heloName` cannot stand in a command. */
  constructor(options: ClientSessionOptions) {
    if (options.heloName === '' || pathKind(options.heloName) !== 'ascii') {
      throw new RangeError(`SMTP client: ${JSON.stringify(options.heloName)} cannot be sent as a HELO name`);
    }
    this.#options = options;
    this.#dialect = options.dialect ?? smtpDialect;
    this.#parser = new ReplyParser(options.maxReplyBytes ?? defaultMaxReplyBytes);
    this.#opening = new Opening(options, this.#dialect);
    this.#phase = this.#opening.phase;
    if (this.#phase === 'handshake') this.#events.push({ kind: 'handshake' });
  }

  get phase(): ClientPhase {
    return this.#phase;
  }

  /** The number of complete replies so far. A timeout is for a complete reply, not for its bytes (RFC 5321 4.5.3.2). */
  get replyCount(): number {
    return this.#replyCount;
  }

  /** The extensions that the server announced; none before EHLO was answered, and after a fall-back to HELO. */
  get extensions(): ServerExtensions {
    return this.#opening.extensions;
  }

  /** Why a server that was asked for TLS does not use it; undefined when it does, and when TLS was not wanted. */
  get tlsDeclined(): Declined | undefined {
    return this.#opening.declined;
  }

  /** Takes bytes from the server. The caller may reuse the chunk's memory when this returns. */
  receive(chunk: Uint8Array): void {
    if (this.#phase === 'closed' || chunk.length === 0) return;
    if (this.#phase === 'handshake') {
      this.#break(injected(chunk.length), true);
      return;
    }
    this.#parser.push(chunk);
    while (this.#parser.next()) {
      this.#replyCount++;
      this.#onReply(this.#parser.code);
    }
    if (this.#parser.error !== '') this.#break(`protocol error: ${this.#parser.error}`);
  }

  /** The next event, in order; undefined when there is none. */
  next(): ClientEvent | undefined {
    return this.#events.shift();
  }

  /** All output to be sent, in one buffer; undefined when there is none. */
  takeOutput(): Uint8Array | undefined {
    if (this.#output === '') return undefined;
    const output = Buffer.from(this.#output, 'utf8');
    this.#output = '';
    return output;
  }

  /**
   * Starts a transaction after `ready`. If the session has ended meanwhile, all its recipients fail temporarily.
   * @throws {SmtpClientStateError} before `ready` and while another transaction runs.
   */
  begin(transaction: ClientTransaction): void {
    const isOver = this.#phase === 'quit' || this.#phase === 'closed';
    if (this.#phase !== 'idle' && !isOver) throw new SmtpClientStateError('begin', this.#phase);
    const run = new TransactionRun(transaction, this.#opening.extensions, this.#options);
    if (isOver) {
      this.#events.push({ kind: 'done', outcomes: run.finish(this.#end), reusable: false });
    } else if (run.undecided === 0) {
      this.#events.push({ kind: 'done', outcomes: run.finish(), reusable: true }, { kind: 'ready' });
    } else {
      this.#run = run;
      this.#output += run.openingCommands();
      this.#phase = 'mail';
    }
  }

  /** The content with its final dot was written to the socket. It has no effect when the transaction has ended meanwhile. */
  contentSent(): void {
    if (this.#phase === 'content') this.#phase = 'final';
  }

  /** The content could not be read. The connection is closed, so that the server does not accept a part of the message. */
  contentFailed(error: string): void {
    if (this.#phase === 'content') this.#break(`the content could not be read: ${oneLine(error)}`);
  }

  /** TLS is over the connection. Nothing that was said in clear counts any more (RFC 3207 4.2). */
  secured(): void {
    if (this.#phase !== 'handshake') return;
    this.#output += this.#opening.secured();
    this.#phase = this.#opening.phase;
  }

  /** TLS is not what it has to be, so nothing more is said. @param enhanced - enhanced status code (RFC 3463) */
  tlsFailed(text: string, enhanced: string): void {
    this.#drop({ kind: 'broken', during: this.#command(), text: oneLine(text), enhanced }, true);
  }

  /** Ends the session with QUIT: at once when idle, else after the transaction. Before `ready`, the session fails. */
  quit(): void {
    if (this.#isOpening()) this.#break('given up before it was ready');
    else if (this.#phase === 'idle') this.#sendQuit();
    else this.#quitWanted = true;
  }

  /** The socket ended or failed, for `reason`. */
  disconnected(reason: string): void {
    const why = oneLine(reason);
    this.#break(`connection lost while ${doing(this.#phase, this.#dialect)}${why === '' ? '' : `: ${why}`}`);
  }

  /** The timeout of `phase` has expired (RFC 5321 4.5.3.2). */
  timedOut(): void {
    this.#break(`timed out while ${doing(this.#phase, this.#dialect)}`);
  }

  #onReply(code: number): void {
    if (code === 421) {
      // RFC 5321 3.8: any command may be answered by 421, and the server closes after it.
      this.#drop({ kind: 'reply', reply: this.#reply() });
    } else if (this.#repliesToSkip > 0) {
      this.#repliesToSkip--;
    } else if (this.#run !== undefined) {
      this.#onTransactionReply(this.#run, code);
    } else if (this.#isOpening()) {
      this.#onOpeningReply();
    } else if (this.#phase === 'rset' && code < 300) {
      this.#becomeReady();
    } else if (this.#phase === 'rset') {
      this.#sendQuit({ kind: 'reply', reply: this.#reply() });
    } else if (this.#phase === 'quit') {
      this.#close();
    } else {
      this.#outOfStep('reply');
    }
  }

  #onOpeningReply(): void {
    const step = this.#opening.replied(this.#parser);
    this.#phase = this.#opening.phase;
    if (step.kind === 'ready') this.#becomeReady();
    else if (step.kind === 'broken') this.#break(step.text, true);
    else if (step.kind === 'send') this.#output += step.command;
    else this.#events.push(step);
    // RFC 5321 3.1: after a refusal the server waits for QUIT.
    if (step.kind === 'failed') this.#sendQuit(step.failure);
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
      run.contentAnswered(this.#reply());
      if (run.undecided === 0) this.#finish(run, false);
    } else if (run.undecided > 0) {
      this.#phase = 'content';
      this.#events.push({ kind: 'content' });
    } else if (this.#dialect.repliesPerRecipient) {
      // RFC 2033 4.2: the server has to reply 503. Whether it replies to the end of a message for nobody, nobody knows.
      this.#outOfStep('unexpected reply');
    } else {
      // RFC 2920 3.1: the server replied 354, but no recipient is left. An empty message ends the transaction; its reply is ignored.
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
    if (this.#phase === 'content' || this.#phase === 'final') run.contentAnswered(reply);
    else run.refuseRest(reply);
    // With PIPELINING, RCPT and DATA are answered even when MAIL was refused.
    if (this.#phase === 'mail' && run.isPipelined) this.#firstRecipient(run);
    // Refused during the content: the server would read the rest of it as commands.
    else if (this.#phase === 'content') this.#drop({ kind: 'reply', reply });
    else if (run.undecided === 0) this.#finish(run, true);
  }

  #firstRecipient(run: TransactionRun): void {
    this.#phase = 'rcpt';
    this.#nextRecipient(run);
  }

  #nextRecipient(run: TransactionRun): void {
    if (run.nextRecipient()) {
      if (!run.isPipelined) this.#output += run.rcptCommand();
    } else if (run.isPipelined) {
      this.#phase = 'data';
    } else if (run.undecided > 0) {
      this.#output += 'DATA\r\n';
      this.#phase = 'data';
    } else {
      this.#finish(run, true);
    }
  }

  /** Ends the transaction; the session can be used further. */
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

  /** Ends everything at once after a reply that is not allowed here: it is unknown which command the next reply would answer. */
  #outOfStep(what: string): void {
    this.#break(`protocol error: ${what} ${quotedAnswer(this.#reply())}`, true);
  }

  /** Ends everything at once for a reason other than a reply. @param isAnswered - are all commands of the group (RFC 2920) answered? */
  #break(text: string, isAnswered = false): void {
    this.#drop({ kind: 'broken', during: this.#command(), text }, isAnswered);
  }

  /** Ends everything at once. Recipients without an outcome fail temporarily. */
  #drop(failure: SessionFailure, isAnswered = failure.kind === 'reply'): void {
    if (this.#phase === 'closed') return;
    if (this.#run !== undefined) {
      // A 421 is the server's answer to the rest of the group: it would reply the same to commands one by one.
      this.leftGroupUnanswered =
        !isAnswered && this.#run.isPipelined && (this.#phase === 'rcpt' || this.#phase === 'data');
      if (this.leftGroupUnanswered && failure.kind === 'broken') this.#run.makeMailRefusalTemporary(failure);
      const outcomes = this.#run.finish(failure);
      this.#run = undefined;
      this.#events.push({ kind: 'done', outcomes, reusable: false });
    } else if (this.#isOpening()) {
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

  /** The current reply. */
  #reply(): RemoteReply {
    return this.#parser.reply(this.#command());
  }

  /** The command that a reply answers in the current phase. */
  #command(): RepliedCommand {
    return answeredIn(this.#phase, this.#dialect, this.#opening.triedHelo);
  }

  #isOpening(): boolean {
    return this.#phase === this.#opening.phase;
  }
}
