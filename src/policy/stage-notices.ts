// Tells stages of what they are not asked about: refusals of recipients, what both sides say, and the end of transactions and sessions. Promises: nothing waits for
// a stage here, and one that fails keeps nobody else from hearing of it.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { errorText } from './error-text.ts';
import type { RcptFacts, SessionFacts, Stage } from './stage.ts';
import type { StageReports } from './stage-watch.ts';

/** Each notice, and the point at which a stage that fails on it is said to fail. */
const pointOf = {
  recipientRefused: 'rcpt',
  commandUnrecognized: 'connect',
  commandReceived: 'connect',
  repliesSent: 'connect',
  timedOut: 'connect',
  transactionEnded: 'content',
  sessionEnded: 'connect',
} as const;

type Notice = keyof typeof pointOf;

const notices = Object.keys(pointOf) as Notice[];

export class StageNotices {
  readonly #watch: Pick<StageReports, 'failed'>;
  readonly #stages: readonly Stage[];
  /** Some stage wants to hear each line of a session. */
  readonly areOfLines: boolean;

  private constructor(stages: readonly Stage[], watch: Pick<StageReports, 'failed'>) {
    this.#stages = stages;
    this.#watch = watch;
    this.areOfLines = stages.some(
      ({ commandReceived, repliesSent }) => (commandReceived ?? repliesSent) !== undefined,
    );
  }

  /** @returns undefined when none of the stages wants to hear of anything */
  static of(stages: readonly Stage[], watch: Pick<StageReports, 'failed'>): StageNotices | undefined {
    const listening = stages.filter((stage) => notices.some((notice) => stage[notice] !== undefined));
    return listening.length === 0 ? undefined : new StageNotices(listening, watch);
  }

  recipientRefused(facts: RcptFacts, reply: Reply, by: string): void {
    this.#tell('recipientRefused', (stage) => stage.recipientRefused?.(facts, reply, by));
  }

  commandUnrecognized(facts: SessionFacts, line: string): void {
    this.#tell('commandUnrecognized', (stage) => stage.commandUnrecognized?.(facts, line));
  }

  commandReceived(facts: SessionFacts, line: string): void {
    this.#tell('commandReceived', (stage) => stage.commandReceived?.(facts, line));
  }

  repliesSent(facts: SessionFacts, bytes: Uint8Array): void {
    this.#tell('repliesSent', (stage) => stage.repliesSent?.(facts, bytes));
  }

  timedOut(facts: SessionFacts): void {
    this.#tell('timedOut', (stage) => stage.timedOut?.(facts));
  }

  transactionEnded(facts: SessionFacts, wasAccepted: boolean): void {
    this.#tell('transactionEnded', (stage) => stage.transactionEnded?.(facts, wasAccepted));
  }

  sessionEnded(facts: SessionFacts): void {
    this.#tell('sessionEnded', (stage) => stage.sessionEnded?.(facts));
  }

  #tell(notice: Notice, tell: (stage: Stage) => void): void {
    for (const stage of this.#stages) {
      try {
        tell(stage);
      } catch (error) {
        const { name, onFailure = 'tempfail', breaker } = stage;
        const why = `it threw an error when it was told of ${notice}: ${errorText(error)}`;
        this.#watch.failed({ stage: name, onFailure, breaker }, pointOf[notice], why);
      }
    }
  }
}
