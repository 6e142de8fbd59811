// Asks the manager again and again how it is and what is in its queue, and compares each answer, in the step in which it is
// given, with what is seen outside.

import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { Response } from '../../src/channel/messages.ts';
import type { Links } from './links.ts';
import { Operator, Unanswered } from './operator.ts';
import type { SimProcess } from './sim-process.ts';
import { checkAnswer } from './status-check.ts';
import type { Supervision } from './supervision.ts';
import type { Surroundings } from './surroundings.ts';

/** About how often it asks, in ms. */
const everyMs = 1_500;
/** Until everybody has heard of the end of the process before. */
const newMs = 500;

/** What is asked, and what is looked at beside it. */
export interface Asked extends Surroundings {
  readonly supervision: Supervision;
  readonly links: Links;
}

export class Inquiry {
  readonly operator: Operator;
  /** Answers that were compared with what is seen outside. */
  readonly compared = { status: 0, page: 0 };
  readonly #asked: Asked;
  #last: ManagerStatus | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.operator = new Operator(asked, asked.newProcess('operator'));
    this.#ask();
  }

  /** What it said last. */
  get last(): ManagerStatus | undefined {
    return this.#last;
  }

  /** By its own words, when it was asked last. */
  get isEmpty(): boolean {
    if (this.#last === undefined) return false;
    const { connections, messages, recipients, reports, spool } = this.#last;
    return connections + messages + recipients + reports + spool.liveMessages === 0;
  }

  /** A message that a process has just posted: an answer of the manager, perhaps. */
  posted(message: unknown): void {
    const response = message as Response | { readonly kind?: undefined };
    if (response.kind !== 'response' || !('result' in response) || !this.#isQuiet()) return;
    const { books, clock, config, grants, limitBooks, refusals, routeBooks, others, supervision, wellForMs } =
      this.#asked;
    const senders = supervision.senders.flatMap((each) => each ?? []);
    const compared = checkAnswer(response.result, {
      books,
      limitBooks,
      overrides: grants.overrides,
      refusals,
      // Each question that a plugin does not answer is an attempt, too.
      attempts: (name) => (routeBooks.plugin?.isThere === true ? Infinity : grants.mostAttempts(name)),
      senders: senders.length,
      active: senders.reduce((sum, { active }) => sum + active, 0),
      isAbsent: (offer) => others?.mayBeAbsent(offer.store, wellForMs) ?? false,
      receiversSinceMs: this.#receiversSinceMs(),
      nowMs: clock.nowMs,
      lifetimeMs: config.queue.lifetime,
    });
    if (compared !== undefined) this.compared[compared]++;
  }

  #ask(): void {
    const { clock, random } = this.#asked;
    const again = (): void => clock.at(clock.nowMs + everyMs * (0.5 + random.next()), () => this.#ask());
    Promise.all([this.operator.status(), this.operator.rows()])
      .then(
        ([status]) => {
          this.#last = status;
        },
        (error: unknown) => {
          if (!(error instanceof Unanswered)) throw error;
        },
      )
      .then(again)
      .catch((error: unknown) => this.#asked.failed(error));
  }

  /** Nothing is on its way between manager and senders, and each of them lives for a while already. */
  #isQuiet(): boolean {
    const { limitBooks, supervision } = this.#asked;
    const { manager, senders } = supervision;
    if (supervision.isStopping || manager?.isUp !== true || !manager.process.isPrompt) return false;
    const areReady = senders.every((sender) => sender !== undefined && this.#isReady(sender.process));
    const living: ReadonlySet<object | undefined> = new Set(senders);
    return areReady && limitBooks.open.values().every(({ sender }) => living.has(sender));
  }

  #isReady(process: SimProcess): boolean {
    const { clock, links, supervision } = this.#asked;
    const { manager } = supervision;
    if (manager === undefined || !links.isSettled(process, manager.process)) return false;
    return process.isPrompt && process.startedAtMs + newMs < clock.nowMs;
  }

  /** What was answered with 250 since then is known to the manager. */
  #receiversSinceMs(): number {
    const since = this.#asked.supervision.receivers.map((each) =>
      each !== undefined && this.#isReady(each.process) ? each.process.startedAtMs : Infinity,
    );
    return Math.max(0, ...since);
  }
}
