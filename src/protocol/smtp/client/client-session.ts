// The client side of SMTP (RFC 5321; PIPELINING, RFC 2920; CHUNKING, RFC 3030; STARTTLS, RFC 3207; AUTH, RFC 4954) and LMTP (RFC 2033) as
// a state machine without I/O: bytes in, events and bytes out. Promises, for any input and any end of the connection: one outcome for each recipient of a
// begun transaction, unless it was begun behind others and not taken up; one `close` as the last event; and bounded memory.

import { pathKind } from './commands.ts';
import { type BrokenSession, brokenBecause, brokenByReply, brokenWhile } from './broken-session.ts';
import { answeredIn } from './client-phase.ts';
import { smtpDialect, type ClientDialect } from './dialect.ts';
import { failureText, quotedAnswer } from './reply-text.ts';
import { type Declined, injected, Opening, type OpeningStep } from './opening.ts';
import type { BreakCause } from './pipelining-fault.ts';
import { oneLine, ReplyParser } from './reply-parser.ts';
import { SessionLogin } from './session-login.ts';
import { SessionOutput } from './session-output.ts';
import { SmtpClientStateError } from './state-error.ts';
import { Transactions } from './transactions.ts';
import type { TransactionsStep } from './transactions-step.ts';
import type {
  ClientEvent,
  ClientPhase,
  ClientSessionOptions,
  ClientTransaction,
  RemoteReply,
  RepliedCommand,
  SessionFailure,
} from './client-types.ts';
import type { PipeliningFault, SendingWay } from '../../../values/pipelining.ts';
import type { ServerExtensions } from './extensions.ts';

export type * from './client-types.ts';
export type { ServerExtensions } from './extensions.ts';

const defaultMaxReplyBytes = 16 * 1024;

export class ClientSession {
  readonly #dialect: ClientDialect;
  readonly #parser: ReplyParser;
  readonly #opening: Opening;
  /** Answers the events `login` and `derive`. */
  readonly login: SessionLogin;
  readonly #output = new SessionOutput();
  readonly #transactions: Transactions;
  /** `idle`: open, with or without transactions on the way. */
  #state: 'opening' | 'idle' | 'quit' | 'closed' = 'opening';
  #replyCount = 0;
  #saidGoodbye = false;
  /** What the server did, once something speaks against pipelining. */
  #faultText = '';
  /** Why the session ended, for a `begin` that comes after the end. */
  #end: SessionFailure = { kind: 'broken', during: 'idle', text: 'the session was ended' };

  /** The command that a reply answers in a phase. */
  readonly #commandIn = (phase: ClientPhase): RepliedCommand =>
    answeredIn(phase, this.#dialect, this.#opening.triedHelo);

  /** @throws {RangeError} when `heloName` cannot stand in a command. */
  constructor(options: ClientSessionOptions) {
    if (options.heloName === '' || pathKind(options.heloName) !== 'ascii') {
      throw new RangeError(`SMTP client: ${JSON.stringify(options.heloName)} cannot be sent as a HELO name`);
    }
    this.#dialect = options.dialect ?? smtpDialect;
    this.#parser = new ReplyParser(options.maxReplyBytes ?? defaultMaxReplyBytes);
    this.#opening = new Opening(options, this.#dialect);
    this.login = new SessionLogin(this.#opening, this.#parser, (step) => {
      if (this.#state === 'opening') this.#goOn(step);
    });
    this.#transactions = new Transactions(options, this.#output);
    if (this.phase === 'handshake') this.#output.tell({ kind: 'handshake' });
  }

  get phase(): ClientPhase {
    switch (this.#state) {
      case 'opening':
        return this.#opening.phase;
      case 'idle':
        return this.#transactions.phase ?? 'idle';
      default:
        return this.#state;
    }
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

  /** The most transactions that may be on the way at once. It does not change after `ready`. */
  get depth(): number {
    return this.#transactions.plan.depth;
  }

  /** `begin` may be called: after `ready`, or behind another transaction whose content was written. */
  get canBegin(): boolean {
    return this.#state === 'idle' && this.#transactions.canBegin;
  }

  /** The server has not answered the oldest transaction on the way, and the end of none was written. */
  get isUntouched(): boolean {
    return this.#transactions.isUntouched;
  }

  /** How many messages passed by DATA behind others, and whether some that are over are told only when such a one, or QUIT, is answered. */
  get places(): Pick<Transactions, 'proofs' | 'needsMark'> {
    return this.#transactions;
  }

  /** The server has answered QUIT. */
  get saidGoodbye(): boolean {
    return this.#saidGoodbye;
  }

  /** Which kind of pipelining the server did not bear; undefined: nothing speaks against it. */
  get fault(): PipeliningFault | undefined {
    const kind = this.#transactions.fault;
    return kind === undefined ? undefined : { kind, text: this.#faultText };
  }

  /** How commands and content are sent. */
  get way(): SendingWay {
    return this.#transactions.plan.way;
  }

  /** Takes bytes from the server. The caller may reuse the chunk's memory when this returns. */
  receive(chunk: Uint8Array): void {
    if (this.#state === 'closed' || chunk.length === 0) return;
    if (this.phase === 'handshake') {
      this.#break('wrong', injected(chunk.length));
      return;
    }
    this.#parser.push(chunk);
    while (this.#parser.next()) {
      this.#replyCount++;
      this.#onReply(this.#parser.code);
    }
    if (this.#parser.error !== '') this.#break('lost', this.login.shown(this.#parser.error));
  }

  /** The next event, in order; undefined when there is none. */
  next(): ClientEvent | undefined {
    return this.#output.next();
  }

  /** All output to be sent, in one buffer; undefined when there is none. */
  takeOutput(): Uint8Array | undefined {
    const text = this.#output.take();
    return text === '' ? undefined : Buffer.from(text, 'utf8');
  }

  /**
   * Starts a transaction, behind which another one at hand will begin or not. If the session has ended meanwhile, all its recipients fail temporarily.
   * @returns true: the content has to be written right behind the output, as it is; false: an event will ask for it
   * @throws {SmtpClientStateError} when it may not begin (`canBegin`)
   */
  begin(transaction: ClientTransaction, isFollowed = false): boolean {
    if (this.#state === 'quit' || this.#state === 'closed') {
      this.#transactions.fail(transaction, this.#end);
      return false;
    }
    if (!this.canBegin) throw new SmtpClientStateError('begin', this.phase);
    const isChunk = this.#transactions.begin(transaction, isFollowed);
    if (this.#transactions.isEmpty) this.#becomeReady();
    return isChunk;
  }

  /** The content with its final dot was written to the socket. It has no effect when the transaction has ended meanwhile. */
  contentSent(): void {
    this.#transactions.contentSent();
  }

  /** The content could not be read. The connection is closed, so that the server does not accept a part of the message. */
  contentFailed(error: string): void {
    if (this.phase === 'content') this.#break('ours', `the content could not be read: ${oneLine(error)}`);
  }

  /** TLS is over the connection. Nothing that was said in clear counts any more (RFC 3207 4.2). */
  secured(): void {
    if (this.phase === 'handshake') this.#output.send(this.#opening.secured());
  }

  /** TLS is not what it has to be, so nothing more is said. @param enhanced - enhanced status code (RFC 3463) */
  tlsFailed(text: string, enhanced: string): void {
    const failure = { kind: 'broken', during: this.#command(), text: oneLine(text), enhanced } as const;
    this.#drop({ cause: 'ours', failure, of: () => failure });
  }

  /**
   * Ends the session with QUIT: at once when idle, else after the transactions on the way, or right behind the last one's content
   * where several may be on the way. Before `ready`, the session fails.
   */
  quit(): void {
    if (this.#state === 'opening') {
      this.#break('ours', 'given up before it was ready');
      return;
    }
    this.#transactions.end();
    if (this.#state === 'idle' && this.#transactions.isEmpty) this.#sendQuit();
  }

  /** The socket ended or failed, for `reason`. */
  disconnected(reason: string): void {
    const why = oneLine(reason);
    this.#breakWhile('lost', 'connection lost', why === '' ? '' : `: ${why}`);
  }

  /** The timeout of `phase` has expired (RFC 5321 4.5.3.2). */
  timedOut(): void {
    this.#breakWhile('silent', 'timed out', '');
  }

  #onReply(code: number): void {
    if (code === 421) {
      // RFC 5321 3.8: any command may be answered by 421, and the server closes after it.
      if (this.#state !== 'idle' || !this.#transactions.closing(this.#parser, this.#reply()))
        this.#refused('closing');
    } else if (this.#state === 'opening') {
      this.#goOn(this.#opening.replied(this.#parser));
    } else if (!this.#transactions.isEmpty) {
      const { phase } = this;
      const step = this.#transactions.answered(this.#parser);
      if (this.#transactions.fault !== undefined && this.#faultText === '') {
        this.#faultText = `it replied ${quotedAnswer(this.#parser.reply(this.#commandIn(phase)))}`;
      }
      this.#act(step);
    } else if (this.#state === 'quit') {
      this.#saidGoodbye = true;
      this.#close();
    } else {
      this.#outOfStep('reply');
    }
  }

  /** Acts on a step of the opening. */
  #goOn(step: OpeningStep): void {
    if (step.kind === 'ready') {
      this.#state = 'idle';
      this.#transactions.open(this.extensions);
      this.#becomeReady();
    } else if (step.kind === 'broken') this.#break('wrong', step.text);
    else if (step.kind === 'send') this.#output.send(step.command);
    else this.#output.tell(step);
    // RFC 5321 3.1: after a refusal the server waits for QUIT.
    if (step.kind === 'failed') this.#sendQuit(step.failure);
  }

  #act(step: TransactionsStep): void {
    switch (step) {
      case 'wait':
        break;
      case 'idle':
        this.#becomeReady();
        break;
      case 'goodbye':
        this.#saidGoodbye = true;
        this.#close();
        break;
      case 'rsetRefused':
        this.#sendQuit({ kind: 'reply', reply: this.#parser.reply('RSET') });
        break;
      case 'refused':
        this.#refused('wrong');
        break;
      case 'lostCount':
        this.#close();
        break;
      case 'unexpected':
        this.#outOfStep('unexpected reply');
        break;
    }
  }

  #becomeReady(): void {
    if (this.#transactions.isEnding) this.#sendQuit();
    else this.#output.tell({ kind: 'ready' });
  }

  #sendQuit(reason: SessionFailure = this.#end): void {
    this.#end = reason;
    this.#state = 'quit';
    this.#output.send('QUIT\r\n');
  }

  /** Ends everything at once, because of the current reply to the oldest transaction. */
  #refused(cause: BreakCause): void {
    this.#drop(brokenByReply(cause, this.#reply(), this.#commandIn));
  }

  /** Ends everything at once after a reply that is not allowed here: it is unknown which command the next reply would answer. */
  #outOfStep(what: string): void {
    this.#break('wrong', `protocol error: ${what} ${quotedAnswer(this.#reply())}`);
  }

  /** Ends everything at once for a reason that says all. */
  #break(cause: BreakCause, text: string): void {
    const { hasSeveral } = this.#transactions;
    this.#drop(brokenBecause(cause, text, this.phase, hasSeveral, this.#commandIn));
  }

  /** Ends everything at once in the middle of something. */
  #breakWhile(brokenBy: BreakCause, what: string, why: string): void {
    const cause = this.#transactions.isClosing ? 'closing' : brokenBy;
    this.#drop(brokenWhile(cause, { what, why, phase: this.phase, dialect: this.#dialect }, this.#commandIn));
  }

  /** Ends everything at once. */
  #drop(end: BrokenSession): void {
    if (this.#state === 'closed') return;
    const { failure } = end;
    if (this.#state === 'opening') this.#output.tell({ kind: 'failed', failure, permanent: false });
    else this.#transactions.abort(end);
    if (this.#faultText === '') this.#faultText = failureText(failure);
    this.#end = failure;
    this.#close();
  }

  #close(): void {
    this.#state = 'closed';
    this.#parser.discard();
    this.#output.tell({ kind: 'close' });
  }

  /** The current reply. */
  #reply(): RemoteReply {
    return this.#parser.reply(this.#command());
  }

  /** The command that a reply answers now. */
  #command(): RepliedCommand {
    return this.#commandIn(this.phase);
  }
}
