// The connections to the servers of one call-ahead, and the line of those who want to ask. Promises: the connections are bounded, and so are the
// line and the time of each question; a server that cannot be asked rests, and the next one is asked.

import type { Deadline } from '../../io/deadlines.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { SocketHop } from '../../route/types.ts';
import type { LineContext } from '../connection-context.ts';
import { AskingLine } from './asking-line.ts';
import type { AskOutcome, FoundServers, PoolSettings, VisitAnswer, VisitLedger } from './call-ahead-types.ts';
import { Question } from './question.ts';
import { ServerRests } from './server-rests.ts';

/** Servers slow a client down, or end its session, after some refusals (Postfix: 10): we go before. */
const mostRefusals = 5;
/** Servers may end a session with many commands that bring no mail. */
const mostQuestions = 100;
/** A connection that nobody needs for so long is closed. */
const idleMs = 2_000;
/** It holds a slot of its destination, for which mail may wait: others get their turn. */
const longestMs = 5_000;

export interface AskingPoolParts {
  readonly settings: PoolSettings;
  readonly context: LineContext;
  /** It never rejects. */
  readonly servers: () => Promise<FoundServers>;
  readonly visits: VisitLedger;
}

type ServersFound = Extract<FoundServers, { readonly kind: 'found' }>;
type GrantedVisit = Extract<VisitAnswer, { readonly kind: 'visit' }>;

/** An open connection. */
interface Place extends Deadline {
  readonly line: AskingLine;
  question: Question | undefined;
  isReady: boolean;
  /** Of the wheel's clock: from then on, nothing more is asked. */
  readonly endsAtMs: number;
}

export class AskingPool {
  readonly #parts: AskingPoolParts;
  readonly #places = new Map<AskingLine, Place>();
  readonly #rests = new ServerRests();
  /** In the order in which they came. */
  readonly #waiting = new Set<Question>();
  #isLookingUp = false;
  /** Limits allow no connection yet. */
  #awaitsRoom = false;
  #isClosed = false;
  /** Why the last server could not be asked. */
  #failure = 'no server can be asked';
  /** Those that were found last. */
  #hops: readonly SocketHop[] = [];

  constructor(parts: AskingPoolParts) {
    this.#parts = parts;
  }

  /** Open connections, and those that are being opened. */
  get connections(): number {
    return this.#places.size;
  }

  /** It never rejects. */
  ask(address: string): Promise<AskOutcome> {
    const { context, settings } = this.#parts;
    const { waiting, timeLimitMs } = settings;
    if (this.#isClosed) return Promise.resolve(untried('it is closed'));
    if (this.#waiting.size >= waiting && this.#idle() === undefined)
      return Promise.resolve(untried('too many wait already'));
    return new Promise((resolve) => {
      const limits = { deadlines: context.deadlines, timeLimitMs };
      this.#waiting.add(new Question(address, limits, resolve, (question) => this.#late(question)));
      this.#goOn();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#answerAll(untried('it is closed'));
    for (const { line } of this.#places.values()) line.quit();
  }

  /** Gives questions to connections that can take them, and opens more where there is room. */
  #goOn(): void {
    for (const question of this.#waiting) {
      const place = this.#idle();
      if (place === undefined) break;
      this.#waiting.delete(question);
      this.#give(place, question);
    }
    const opening = [...this.#places.values()].filter(({ isReady }) => !isReady).length;
    const hasRoom = this.#places.size < this.#parts.settings.connections;
    if (this.#waiting.size > opening && hasRoom && !this.#isLookingUp) void this.#open();
  }

  #idle(): Place | undefined {
    for (const place of this.#places.values())
      if (place.isReady && place.question === undefined) return place;
    return undefined;
  }

  #give(place: Place, question: Question): void {
    this.#parts.context.deadlines.clear(place);
    place.question = question;
    place.isReady = false;
    place.line.ask(question.address);
  }

  async #open(): Promise<void> {
    this.#isLookingUp = true;
    const found = await this.#parts.servers();
    this.#isLookingUp = false;
    if (this.#isClosed || this.#waiting.size === 0) return;
    this.#hops = found.kind === 'found' ? found.hops : [];
    const { nowMs } = this.#parts.context.deadlines;
    const hops = this.#hops.filter(({ key }) => !this.#rests.rests(key, nowMs));
    if (found.kind === 'found' && hops.length > 0) await this.#visit(found, hops);
    // Connections that are there may yet answer.
    else if (found.kind === 'nobody') this.#answerAll(found);
    else if (this.#places.size === 0)
      this.#answerAll(this.#unasked(found.kind === 'failing' ? found.reason : this.#failure));
  }

  /** Opens a connection to the first of these hosts to which limits allow one. */
  async #visit({ key, plan }: ServersFound, hops: readonly SocketHop[]): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const domain = first.address.slice(first.address.lastIndexOf('@') + 1).toLowerCase();
    const { visits } = this.#parts;
    this.#isLookingUp = true;
    this.#awaitsRoom = true;
    let lost = (): void => undefined;
    const answer = await visits.visit({ key, domain, plan: { ...plan, addresses: hops } }, () => lost());
    this.#isLookingUp = false;
    this.#awaitsRoom = false;
    if (answer.kind === 'failing') {
      if (this.#places.size === 0) this.#answerAll(untried(answer.reason));
    } else if (this.#isClosed || this.#waiting.size === 0) {
      visits.visitEnded(answer.number);
    } else {
      const line = this.#connect(answer);
      lost = () => line.drop('the manager process is being restarted');
      this.#goOn();
    }
  }

  #connect({ hop, number, source }: GrantedVisit): AskingLine {
    const { context, settings } = this.#parts;
    const line = new AskingLine(
      context,
      hop,
      { sender: settings.sender, source },
      {
        ready: () => this.#ready(place),
        answered: (outcome) => this.#answered(place, outcome),
        ended: (failure) => {
          this.#parts.visits.visitEnded(number);
          this.#ended(place, failure);
        },
      },
    );
    const place: Place = {
      atMs: Infinity,
      bucket: -1,
      line,
      question: undefined,
      isReady: false,
      endsAtMs: context.deadlines.nowMs + longestMs,
      // Nobody has needed it for a while.
      expired: () => {
        place.isReady = false;
        line.quit();
      },
    };
    this.#places.set(line, place);
    return line;
  }

  #ready(place: Place): void {
    const { line } = place;
    const { deadlines } = this.#parts.context;
    const isUsedUp = line.refusals >= mostRefusals || line.answers >= mostQuestions;
    if (this.#isClosed || isUsedUp || deadlines.nowMs >= place.endsAtMs) {
      line.quit();
      return;
    }
    place.isReady = true;
    deadlines.set(place, idleMs);
    this.#goOn();
  }

  #answered(place: Place, outcome: AskOutcome): void {
    const { question, line } = place;
    place.question = undefined;
    const isLost = outcome.kind === 'refused' && outcome.failure.kind === 'broken';
    // The server may have closed a connection just when it was used again.
    if (isLost && line.answers > 1 && question?.mayBeAskedAgain() === true && !this.#isClosed) {
      this.#waiting.add(question);
      return;
    }
    if (isOfRecipient(outcome)) this.#rests.worked(line.hop.key);
    else this.#failed(line, outcomeText(outcome));
    question?.answer(outcome);
  }

  #ended(place: Place, failure: string | undefined): void {
    const { line } = place;
    this.#parts.context.deadlines.clear(place);
    this.#places.delete(line);
    if (failure !== undefined) this.#failed(line, failure);
    this.#goOn();
  }

  #failed({ hop: { host, key }, seen }: AskingLine, why: string): void {
    this.#failure = `${host}: ${why}`;
    this.#rests.failed(key, this.#parts.context.deadlines.nowMs, seen);
  }

  /** The time of a question is over. */
  #late(question: Question): void {
    if (this.#waiting.delete(question)) {
      const isUntried = this.#awaitsRoom && this.#places.size === 0;
      const outcome = isUntried
        ? untried('limits have allowed no connection in time')
        : this.#unasked(this.#whyLate);
      question.answer(outcome);
      return;
    }
    question.answer({ kind: 'unasked', reason: 'no answer in time', servers: 'there' });
    // A server that is silent has to be asked on another connection.
    for (const place of this.#places.values())
      if (place.question === question) place.line.drop('no answer in time');
  }

  get #whyLate(): string {
    return this.#places.size === 0 ? this.#failure : 'no connection was free in time';
  }

  #unasked(reason: string): AskOutcome {
    const seen = new Set([
      ...this.#hops.map(({ key }) => this.#rests.seen(key)),
      ...[...this.#places.keys()].map((line) => line.seen),
    ]);
    const servers = (['there', 'untried'] as const).find((each) => seen.has(each)) ?? 'down';
    return { kind: 'unasked', reason, servers };
  }

  #answerAll(outcome: AskOutcome): void {
    for (const question of this.#waiting) question.answer(outcome);
    this.#waiting.clear();
  }
}

function untried(reason: string): AskOutcome {
  return { kind: 'unasked', reason, servers: 'untried' };
}

/** Has the server said something about the recipient, or need not be asked? */
function isOfRecipient(outcome: AskOutcome): boolean {
  if (outcome.kind !== 'refused') return outcome.kind === 'accepted';
  const { failure } = outcome;
  if (failure.kind !== 'reply') return failure.kind === 'unsent';
  return failure.reply.command === 'RCPT' && failure.reply.code !== 421;
}

function outcomeText(outcome: AskOutcome): string {
  return outcome.kind === 'refused' ? failureText(outcome.failure) : '';
}
