// The settings of the scheduler, as data; `settings` fills them from the configuration file. All of them may change while
// mail is under way (`Scheduler.reconfigure`), except for the seed.

import type { AdaptSettings, ReactionRule } from './adapt/types.ts';
import type { LimitRule } from './limits/types.ts';
import type { ScheduleRule } from './times/schedule-rule.ts';
import type { Retry } from '../values/retry.ts';

export interface SchedulerConfig {
  /** When mail is tried again, where no schedule says something else; so for the lifetimes. */
  readonly retryMs: Retry;
  /** Each delay is multiplied by a seeded random factor in [1 - jitter, 1 + jitter]. */
  readonly retryJitter: number;
  /** Ms from `receivedAtMs` until a waiting recipient fails for good. */
  readonly lifetimeMs: number;
  /** The same for messages with the null sender (bounces). */
  readonly bounceLifetimeMs: number;
  /** Other times for some mail, and when it may go; none when they are not given. */
  readonly schedules?: readonly ScheduleRule[] | undefined;
  /** Ms an idle connection is kept for the next message. */
  readonly idleConnectionMs: number;
  readonly recipientsPerTransaction: number;
  readonly transactionsPerConnection: number;
  /** Ms that an address rests after its first, second, ... failed connection; the last one repeats. Jittered as `retryMs` is. */
  readonly addressRestMs: readonly number[];
  /** Ms that an own address is not used after no connection could be begun from it; 10,000 when it is not given. */
  readonly sourceRestMs?: number | undefined;
  /** Ms that recipients with a known plan wait for the plans of the message's others, to share a transaction; default 2,000. */
  readonly routeGraceMs?: number | undefined;
  readonly limits: {
    /** Outgoing connections in all, without those that count against `unanswered`. */
    readonly global: number;
    /** Runs of programs, and other work that stays on this host, at once; 50 when it is not given. */
    readonly local?: number | undefined;
    /** Connections above `global` that no host has greeted on; 0 when it is not given. */
    readonly unanswered?: number | undefined;
    readonly unansweredPolicy?: UnansweredPolicy | undefined;
    readonly rules: readonly LimitRule[];
  };
  /** The source addresses of connections; '' lets the system choose. The list is not empty. */
  readonly sources?: readonly string[];
  /** Grants that a tenant gets in a row, by its name; 1 for tenants that are not named. */
  readonly weights?: ReadonlyMap<string, number>;
  /** What the queues of stores have of their own, by the number of the store; nothing where it is not given. */
  readonly queues?: readonly OwnQueue[] | undefined;
  readonly adapt?: AdaptSettings;
  readonly reactions?: readonly ReactionRule[];
  readonly seed: number;
}

/** A queue, as limits and connections know it. */
export interface OwnQueue {
  readonly name: string;
  /** Grants in a row that its mail of no tenant gets; default: 1. */
  readonly weight?: number | undefined;
  /** The only addresses of our own that its connections come from, where no route names some. Not empty. */
  readonly sources?: readonly string[] | undefined;
  /** Our name in EHLO on its connections; default: that of the address. */
  readonly heloName?: string | undefined;
}

/** What is done with connections that no host has greeted on, while mail waits for one of `limits.global`. */
export interface UnansweredPolicy {
  /** Ms without a greeting after which a connection counts against `limits.unanswered` instead of `limits.global`. */
  readonly afterMs: number;
  /** Extra connections to unproven sites allowed for each hanging connection, above the global limit. */
  readonly extraConnections: number;
  /** Ms without a greeting after which a connection may be closed when `limits.unanswered` is reached. */
  readonly giveUpMs: number;
  /** One in so many connections is never closed before its own timeout, and at least `patientLeast` are not. */
  readonly patientOneIn: number;
  readonly patientLeast: number;
}
