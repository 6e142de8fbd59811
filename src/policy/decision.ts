// What the stages that are asked at one point decide together, and what a pipeline needs from its caller for it.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { StageTally } from './stage-tally.ts';
import type {
  Answer,
  Audience,
  Breaker,
  Facts,
  FailureAnswer,
  Point,
  TransactionFacts,
  Verdict,
} from './stage.ts';

export type Decision =
  | { readonly kind: 'continue' }
  | {
      readonly kind: 'reject' | 'tempfail' | 'disconnect';
      readonly reply: Reply;
      readonly stage: string;
      /** Why the stage has failed, for the log; not there when it has answered. */
      readonly failure?: string;
    }
  | { readonly kind: 'discard'; readonly reason: string; readonly stage: string }
  | { readonly kind: 'drop'; readonly stage: string };

/** A verdict that changes the message, and lets it go on. */
export type Change = Extract<Verdict, { readonly kind: 'continue' | 'accept' | 'quarantine' }>;

/** A message that knows which queues it is for. */
export interface QueuedSubject {
  /**
   * Is it for one of these queues, as far as that is known?
   * @param address - of the recipient in question; undefined: any recipient that was accepted
   */
  isForQueue(queues: ReadonlySet<string>, address: string | undefined): boolean;
}

/** What is decided about: the facts, which verdicts change. */
export interface Subject extends Facts {
  readonly transaction: TransactionFacts & QueuedSubject;
  /**
   * Carries out the edits of a verdict and notes its result, before the next stage is asked.
   * @param isTest - nothing of the answer is to be done: a message that it calls spam is not marked
   * @returns what is wrong with the edits, in which case none of them was carried out
   */
  apply(stage: string, change: Change, point: Point, isTest?: boolean): string | undefined;
}

/** A stage as it is asked at one point. */
export interface Member {
  readonly stage: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly breaker: Breaker | undefined;
  /** The clients that it is asked about; undefined: all. */
  readonly audience: Audience | undefined;
  readonly isAskedAfterAccept: boolean;
  /** Whether it is asked now; undefined: always. */
  readonly isOn: (() => boolean) | undefined;
  /** At MAIL: the tenants whose mail it is asked about; undefined: any mail. */
  readonly tenants: ReadonlySet<string> | undefined;
  /** From RCPT on: the queues whose mail it is asked about; undefined: any mail. */
  readonly queues: ReadonlySet<string> | undefined;
  /** Undefined: it is not counted. */
  readonly tally: StageTally | undefined;
  /** What it answers is not carried out. */
  readonly isTest: boolean;
  readonly ask: (facts: Facts) => Answer;
}
