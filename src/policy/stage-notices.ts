// Tells stages of what they are not asked about: refusals of recipients, and the end of transactions and sessions. Promises: nothing waits for
// a stage here, and one that fails keeps nobody else from hearing of it.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { errorText } from './error-text.ts';
import type { RcptFacts, SessionFacts, Stage } from './stage.ts';
import type { StageReports } from './stage-watch.ts';

/** Each notice, and the point at which a stage that fails on it is said to fail. */
const pointOf = {
  recipientRefused: 'rcpt',
  commandUnrecognized: 'connect',
  transactionEnded: 'content',
  sessionEnded: 'connect',
} as const;

export class StageNotices {
  readonly #watch: Pick<StageReports, 'failed'>;
  readonly #stages: readonly Stage[];

  private constructor(stages: readonly Stage[], watch: Pick<StageReports, 'failed'>) {
    this.#stages = stages;
    this.#watch = watch;
  }

  /** @returns undefined when none of the stages wants to hear of anything */
  static of(stages: readonly Stage[], watch: Pick<StageReports, 'failed'>): StageNotices | undefined {
    const listening = stages.filter(
      ({ recipientRefused, commandUnrecognized, transactionEnded, sessionEnded }) =>
        (recipientRefused ?? commandUnrecognized ?? transactionEnded ?? sessionEnded) !== undefined,
    );
    return listening.length === 0 ? undefined : new StageNotices(listening, watch);
  }

  recipientRefused(facts: RcptFacts, reply: Reply, by: string): void {
    this.#tell('recipientRefused', (stage) => stage.recipientRefused?.(facts, reply, by));
  }

  commandUnrecognized(facts: SessionFacts, line: string): void {
    this.#tell('commandUnrecognized', (stage) => stage.commandUnrecognized?.(facts, line));
  }

  transactionEnded(facts: SessionFacts, wasAccepted: boolean): void {
    this.#tell('transactionEnded', (stage) => stage.transactionEnded?.(facts, wasAccepted));
  }

  sessionEnded(facts: SessionFacts): void {
    this.#tell('sessionEnded', (stage) => stage.sessionEnded?.(facts));
  }

  #tell(notice: keyof typeof pointOf, tell: (stage: Stage) => void): void {
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
