// The transactions on the way in a session, in the order in which their commands were sent. RFC 2920 3.1 lets a group of commands begin
// behind the content of the message before; so several transactions can wait for replies, which come in the same order.
// Promises: a reply is taken by the transaction whose command it answers, and the fate of one changes none of the others.

import type { BrokenSession } from './broken-session.ts';
import type {
  ClientPhase,
  ClientSessionOptions,
  ClientTransaction,
  RemoteReply,
  SessionFailure,
} from './client-types.ts';
import { noExtensions, type ServerExtensions } from './extensions.ts';
import type { PipeliningKind } from '../../../values/pipelining.ts';
import { abortRuns } from './abort-runs.ts';
import { AwaitedReplies } from './awaited-replies.ts';
import { pipeliningFault } from './pipelining-fault.ts';
import type { TransactionsStep } from './transactions-step.ts';
import type { ReplyParser } from './reply-parser.ts';
import { Places } from './places.ts';
import { oneByOne, type SendingPlan, sendingPlan } from './sending-plan.ts';
import type { SessionOutput } from './session-output.ts';
import { TransactionRun } from './transaction-run.ts';

/** Bytes of content without an answer above which no other transaction begins. */
const mostUnansweredBytes = 256 * 1024;

export class Transactions {
  /** Which kind of pipelining the server does not bear; undefined: nothing speaks against it. */
  fault: PipeliningKind | undefined;
  readonly #options: ClientSessionOptions;
  readonly #output: SessionOutput;
  /** What the server offers. */
  #extensions = noExtensions;
  #plan = oneByOne;
  /** None begins any more; those on the way are finished. */
  #isEnding = false;
  /** What the next replies answer, in order. */
  readonly #awaited = new AwaitedReplies();
  readonly #places: Places;
  #writtenBytes = 0;
  /** The last transaction that was over was sent as a chunk, and failed. A server that did not read the chunk takes it for commands. */
  #hasChunkFailed = false;
  /** Transactions of which all replies have come. */
  #finished = 0;
  /** Those of them that were begun behind others, and went well. */
  #kept = 0;
  /** The server said 421 or the like, and may still answer what it has. */
  #isClosing = false;
  /** It has refused RSET so that it has to close: another reply would answer nobody knows what. */
  #isGivenUp = false;

  constructor(options: ClientSessionOptions, output: SessionOutput) {
    this.#options = options;
    this.#output = output;
    this.#places = new Places(options.probes ?? 0);
  }

  get isEmpty(): boolean {
    return this.#awaited.isEmpty;
  }

  /** Commands are on the way behind the oldest transaction. */
  get hasSeveral(): boolean {
    return this.#awaited.hasSeveral;
  }

  /** What the oldest unanswered command is; undefined when none is. */
  get phase(): ClientPhase | undefined {
    // A server that closes has no more time than for QUIT.
    return this.#isClosing && !this.isEmpty ? 'quit' : this.#awaited.phase;
  }

  /** Nothing was heard of the oldest transaction, and the end of none was written. */
  get isUntouched(): boolean {
    return !this.#places.areOpen && this.#awaited.isUntouched;
  }

  /** Nothing is on the way, and what was on it is told when the next message, or the end, has shown that replies are in their places. */
  get needsMark(): boolean {
    return this.isEmpty && this.#places.needsMark;
  }

  /** How commands and content are sent. */
  get plan(): SendingPlan {
    return this.#plan;
  }

  /** Messages behind others whose 354 came in its place. */
  get proofs(): number {
    return this.#places.proofs;
  }

  /** The server said 421, and messages that it has as a whole are still unanswered. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The session is ready. @param extensions - what the server offers */
  open(extensions: ServerExtensions): void {
    this.#extensions = extensions;
    this.#plan = sendingPlan(extensions, this.#options);
  }

  /** Another one may begin. */
  get canBegin(): boolean {
    if (this.#isEnding) return false;
    const { last, runs } = this.#awaited;
    if (last === undefined) return true;
    // The commands of a message alone take no room from those whose content is on the way.
    const room = this.#plan.depth + (this.#mayGoAhead(true) ? 0 : 1);
    if (runs >= room || this.#writtenBytes >= mostUnansweredBytes) return false;
    // At depth 1, RSET is waited for.
    return typeof last === 'string' ? this.#plan.depth > 1 : last.isWritten;
  }

  /**
   * Begins another one.
   * @param isFollowed - one more is at hand, and will begin behind it
   * @returns whether the content has to follow the commands at once
   */
  begin(transaction: ClientTransaction, isFollowed: boolean): boolean {
    const { last } = this.#awaited;
    const way = this.#mayGoAhead(isFollowed) ? this.#plan.way : 'group';
    const place = { way, isFirst: this.#begun === 0, isBehind: last !== undefined };
    const run = new TransactionRun(transaction, this.#extensions, this.#options, place);
    if (typeof last === 'object' && !last.isUnsent) this.#places.behind(run);
    if (run.isUnsent) {
      this.#add(run);
      this.#tellFinished();
      return false;
    }
    // RFC 3030 2: when a chunk fails, the state is indeterminate until RSET. And there are servers that keep the recipients of a message
    // whose content they refused, against RFC 5321 4.1.1.4: the next message must never go to them.
    if (typeof last === 'object') this.#reset();
    this.#add(run);
    this.#output.send(run.openingCommands());
    return run.isChunk;
  }

  /** Transactions that were ever begun. */
  get #begun(): number {
    return this.#finished + this.#awaited.runs;
  }

  /** The content of the next one may be sent ahead of the replies to its commands, or it goes by DATA anyway. */
  #mayGoAhead(isFollowed: boolean): boolean {
    const { depth, way } = this.#plan;
    return way !== 'chunk' || this.#places.mayGoAhead(this.#begun, depth, isFollowed);
  }

  /** Fails one that comes after the end of the session. */
  fail(transaction: ClientTransaction, reason: SessionFailure): void {
    const place = { way: this.#plan.way, isFirst: true, isBehind: false };
    const { outcomes } = new TransactionRun(transaction, this.#extensions, this.#options, place);
    this.#output.tell({ kind: 'done', outcomes: outcomes.finish(reason), reusable: false });
  }

  /** The content of the oldest was written with its end. */
  contentSent(): void {
    const { oldest } = this.#awaited;
    if (typeof oldest !== 'object' || oldest.phase !== 'content') return;
    oldest.phase = 'final';
    this.#writtenBytes += oldest.sizeBytes;
    if (this.#isEnding) this.#sayGoodbye();
  }

  /** None begins any more. QUIT leaves behind the last one, where several can be on the way (RFC 2920 3.1: it ends a group). */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#sayGoodbye();
  }

  /** Takes a reply, which is not 421. @param parser - has found the reply */
  answered(parser: ReplyParser): TransactionsStep {
    if (this.#isGivenUp) return 'unexpected';
    const next = this.#awaited.oldest;
    if (typeof next === 'object') return this.#runAnswered(next, parser);
    const isRefused = next === 'rset' && parser.code >= 300;
    if (isRefused && this.#awaited.areMany) return this.#resetRefused(parser.code);
    if (next === 'quit') return this.#quitAnswered(parser.code);
    this.#awaited.shift();
    if (isRefused) {
      if (this.#hasChunkFailed) this.fault = 'chunk';
      return 'rsetRefused';
    }
    return this.#tellFinished();
  }

  #quitAnswered(code: number): 'goodbye' | 'unexpected' {
    if (this.#places.needsMark && code !== 221) return 'unexpected';
    this.#awaited.shift();
    this.#confirm();
    return 'goodbye';
  }

  /**
   * RSET was refused with messages behind it. Exim closes so after ten commands that bring no mail (smtp_accept_max_nonmail): then those
   * behind can go elsewhere. 500 to 504 (RFC 5321 4.2.2) are about commands that we may not have sent.
   */
  #resetRefused(code: number): 'wait' | 'unexpected' {
    if (code < 400 || (code >= 500 && code < 550)) return 'unexpected';
    this.#isClosing = true;
    this.#isEnding = true;
    this.#isGivenUp = true;
    return 'wait';
  }

  /**
   * Takes a 421, with which the server says that it closes (RFC 5321 3.8). It may still answer what it has, and what it took must not
   * go to another session.
   * @returns false: it has no other message as a whole, so nothing is to be waited for
   */
  closing(parser: ReplyParser, reply: RemoteReply): boolean {
    const next = this.#awaited.oldest;
    if (next === undefined || !this.#awaited.isAnyWrittenBut(next)) return false;
    this.#isClosing = true;
    this.#isEnding = true;
    if (!this.#places.needsMark) this.#confirm();
    if (typeof next === 'object') {
      next.outcomes.refuseRest(reply);
      this.#runAnswered(next, parser);
    } else this.#awaited.shift();
    return true;
  }

  /**
   * Ends all, because the session breaks. A transaction that the server cannot have taken, and that it has not answered, gets no
   * outcome if it was begun behind another one: another session may carry it out.
   */
  abort(end: BrokenSession): void {
    const isQuitting = this.#awaited.last === 'quit';
    const runs = this.#awaited.takeRuns();
    this.#isEnding = true;
    const [oldest] = runs;
    const { needsMark } = this.#places;
    this.#confirm(end);
    for (const run of runs) if (this.#places.isInDoubt(run)) run.outcomes.doubtReplies();
    if (oldest !== undefined) {
      const hasOthers = runs.length > 1 || isQuitting;
      const facts = { oldest, hasOthers, earlier: this.#finished, kept: this.#kept, cause: end.cause };
      this.fault ??= pipeliningFault(facts);
    }
    // A server may well close before the mark (RFC 5321 3.8). But it would get messages twice on each connection.
    if (needsMark && end.cause !== 'ours') this.fault ??= 'chunk';
    abortRuns(runs, end, this.#output);
  }

  #runAnswered(run: TransactionRun, parser: ReplyParser): TransactionsStep {
    const step = run.answered(parser, this.hasSeveral);
    if (!run.isChunk && step !== 'wait' && step !== 'unexpected') this.#confirm();
    switch (step) {
      case 'wait':
        return 'wait';
      case 'send':
        this.#output.send(run.command);
        return 'wait';
      case 'content':
        this.#places.asked(run);
        this.#output.tell({ kind: 'content' });
        return 'wait';
      case 'over':
      case 'reset':
      case 'empty':
        return this.#over(run, step);
      case 'noBdat':
        this.fault = 'chunk';
        return 'refused';
      case 'confused':
        // To send even an empty message could give it to the recipients of another one.
        if (run.isBehind) this.fault = 'across';
        return 'unexpected';
      default:
        return step;
    }
  }

  /** All replies to the oldest have come. */
  #over(run: TransactionRun, step: 'over' | 'reset' | 'empty'): TransactionsStep {
    if (run.lostCount !== 'no') {
      this.fault = 'across';
      this.#isEnding = true;
      // Its recipients were not even looked at. It can be given back as long as nothing behind it waits for an answer.
      if (run.lostCount === 'commands' && !this.#places.needsMark && !this.#awaited.isAnyWrittenBut(run)) {
        this.#confirm();
        return 'lostCount';
      }
    } else if (step === 'over') this.#kept += run.isBehind ? 1 : 0;
    this.#hasChunkFailed = run.isChunk && step === 'reset';
    this.#shift(run);
    if (step === 'empty') {
      this.#output.send('.\r\n');
      this.#awaited.add('empty');
    }
    // A group behind this one has begun with RSET.
    const needsReset = step !== 'over' && !this.#isEnding && (step === 'empty' || this.isEmpty);
    if (needsReset) this.#reset();
    return this.#tellFinished();
  }

  #sayGoodbye(): void {
    const { last } = this.#awaited;
    const endsGroup = this.#plan.depth > 1 && typeof last === 'object' && last.isWritten;
    if (!endsGroup && !this.needsMark) return;
    this.#output.send('QUIT\r\n');
    this.#awaited.add('quit');
  }

  #reset(): void {
    this.#output.send('RSET\r\n');
    this.#awaited.add('rset');
  }

  #add(run: TransactionRun): void {
    this.#awaited.add(run);
    if (run.isChunk) this.#writtenBytes += run.sizeBytes;
  }

  /** Takes the oldest away, and tells its outcomes. */
  #shift(run: TransactionRun): void {
    this.#awaited.shift();
    this.#finished++;
    if (run.isWritten && !run.isUnsent) this.#writtenBytes -= run.sizeBytes;
    this.#places.hold(run);
    // Between whole messages 354 never comes; those that passed by DATA before have shown that replies are in order.
    if (!this.#awaited.isAnyMarked && !this.#places.needsMark) this.#confirm();
  }

  /** Tells those that are over. @param end - of the session, before it was sure that they are */
  #confirm(end?: BrokenSession): void {
    const reusable = !this.#isEnding;
    for (const outcomes of this.#places.take(end)) this.#output.tell({ kind: 'done', outcomes, reusable });
  }

  /** Those of which nothing was sent are over when all before them are. */
  #tellFinished(): 'wait' | 'idle' {
    for (let next = this.#awaited.oldest; typeof next === 'object' && next.isUnsent;) {
      this.#shift(next);
      next = this.#awaited.oldest;
    }
    if (this.#isEnding && this.needsMark) this.#sayGoodbye();
    return this.isEmpty ? 'idle' : 'wait';
  }
}
