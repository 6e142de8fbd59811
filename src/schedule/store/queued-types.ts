// What is in the queue, as the scheduler tells it: recipients that are not done.

import type { LastRefusal } from '../../message/refusal-form.ts';
import type { Refusal } from '../../message/refusal.ts';
import type { MessageHandle } from './handles.ts';

/** What is needed to choose a recipient that is not done. */
export interface RecipientFacts {
  readonly queueId: string;
  /** Index in the envelope. */
  readonly recipient: number;
  readonly domain: string;
  /** Name of the tenant; '' for mail of no tenant. */
  readonly tenant: string;
  readonly state: 'resolving' | 'waiting' | 'ready' | 'active' | 'held';
  /** Its message is held. Then the state is `held`, or `active`: a transaction under way finishes first. */
  readonly isHeld: boolean;
  readonly route: string;
  /** Times after which the sender is to be told, where a schedule says so. */
  readonly warnAfterMs?: readonly number[] | undefined;
  /** Those that are over. */
  readonly attempts: number;
}

/** A recipient of a message that is looked at. */
export interface WaitingRecipient extends RecipientFacts {
  /** When it is tried next, in the scheduler's time; not given: as soon as it may. */
  readonly dueMs?: number;
  /** `window opens at …` or `hold of …`, while the schedule of its mail or its route lets nothing go. */
  readonly waitsFor?: string | undefined;
  readonly lastRefusal: LastRefusal;
}

export interface QueuedRecipient extends RecipientFacts {
  readonly message: MessageHandle;
  /** The number of the store that keeps it; not given: 0. */
  readonly store?: number | undefined;
  readonly nextAttemptAtMs: number;
  readonly expiresAtMs: number;
  /** What is in its way alone: a name server (see `lookupsStopped`), or as in `WaitingRecipient`. */
  readonly waitsFor?: string | undefined;
  readonly lastRefusal: Refusal | undefined;
}

/** Recipients that one store keeps. */
export interface StoreCount {
  /** Those of messages that are held are among them. */
  readonly waiting: number;
  readonly ready: number;
  readonly active: number;
}

/** A message that could go and does not. */
export interface UnexplainedWait {
  readonly queueId: string;
  readonly domain: string;
  /** The plan of its route is being looked up. */
  readonly isResolving: boolean;
}
