// The scheduler's contract: its calls and their arguments, and the effects that it wants carried out. Pure data; handles are
// small integers.

import type { Refusal } from '../message/refusal.ts';
import type { LastRefusal } from '../message/refusal-form.ts';
import type { NextHopAddress, RelayPlan, RoutePlan } from '../route/types.ts';
import type { LoginFailure } from '../values/login-outcome.ts';
import type { TlsOutcome } from '../values/tls-outcome.ts';
import type { Explanation, LimitsStatus, SavedRate, SiteOrder, SiteStatus } from './limits/status.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import type { ConnectionHandle, MessageHandle } from './store/handles.ts';
import type { QueuedRecipient, StoreCount, UnexplainedWait, WaitingRecipient } from './store/queued-types.ts';
import type { Visit, VisitTarget } from './store/visit-types.ts';
import type { PauseCause } from './store/pauses.ts';

export type { ConnectionHandle, MessageHandle } from './store/handles.ts';
export type {
  QueuedRecipient,
  RecipientFacts,
  StoreCount,
  UnexplainedWait,
  WaitingRecipient,
} from './store/queued-types.ts';
export type { SiteOrder, SiteStatus } from './limits/status.ts';
export type { SchedulerConfig, UnansweredPolicy } from './scheduler-config.ts';

/** One recipient of one message as handed to `add`. */
export interface NewRecipient {
  /** Index in the envelope. */
  readonly recipient: number;
  /** `RouteKey.key`. The scheduler requests its plan by a `resolve` effect when it has no valid one. */
  readonly route: string;
  /** RouteKey.domain. */
  readonly domain: string;
  readonly attempts: number;
  /** In the scheduler's time; 0: at once. After a failed attempt it is at most as late as the retry schedule allows. */
  readonly nextAttemptAtMs: number;
  readonly lastRefusal: LastRefusal;
}

export interface NewScheduledMessage {
  readonly queueId: string;
  /** Name of the tenant; '' or none: mail of no tenant. */
  readonly tenant?: string | undefined;
  /** MT-PRIORITY (RFC 6710): -9 to 9, higher goes first; 0 when it is not given. */
  readonly priority?: number | undefined;
  /** In the scheduler's time; the lifetime counts from it. A future time counts as now. */
  readonly receivedAtMs: number;
  readonly nullSender: boolean;
  readonly held: boolean;
  /** The number of the store that keeps it, up to 255; default: 0. Only `pause` looks at it: limits hold over all stores. */
  readonly store?: number | undefined;
}

/** The route that a recipient is to have from now on; names as in `NewRecipient`. */
export interface NewRoute {
  readonly route: string;
  readonly domain: string;
}

/** The result for one recipient of a granted transaction. */
export type RecipientResult =
  | { readonly recipient: number; readonly result: 'delivered' }
  | {
      readonly recipient: number;
      readonly result: 'refused';
      readonly refusal: Refusal;
      /** It was not tried, for want of a place: that is no attempt, and it is tried again in so many ms. */
      readonly retryInMs?: number | undefined;
    };

/** What the scheduler wants done; carried out by the caller after every call, in order. See `drive`. */
export type Effect =
  /** Look up the plan of `key` (a RouteKey.key); answer with `routeResolved` for `route`, which is the scheduler's own name. */
  | { readonly kind: 'resolve'; readonly route: string; readonly key: string }
  /** Open a connection and, when it is ready, run this transaction on it. Every limit is reserved. */
  | {
      readonly kind: 'connect';
      readonly connection: ConnectionHandle;
      readonly site: string;
      readonly hop: NextHopAddress;
      /** Our own address to connect from; '': the system chooses. */
      readonly source?: string;
      /** Recipient domain of the transaction. */
      readonly domain: string;
      /** The RouteKey.key of the transaction. */
      readonly key: string;
      readonly transaction: Transaction;
    }
  /** Run this transaction on an open connection, after those that are on the way there. */
  | { readonly kind: 'transact'; readonly connection: ConnectionHandle; readonly transaction: Transaction }
  /**
   * QUIT and close a connection; answer with `connectionClosed`. Of the transactions on the way, what has begun is finished first,
   * and what has not comes back with that answer.
   */
  | { readonly kind: 'close'; readonly connection: ConnectionHandle }
  /**
   * The visit of this number, which waited for room, may begin: every limit is reserved until `visitEnded`.
   * @property visit - undefined: it never can, since no host of the plan can be reached from an own address
   */
  | { readonly kind: 'visit'; readonly number: number; readonly visit: Visit | undefined }
  /** To be journaled: a recipient waits for its next attempt. */
  | {
      readonly kind: 'deferred';
      readonly message: MessageHandle;
      readonly recipient: number;
      readonly attempts: number;
      readonly nextAttemptAtMs: number;
      /** In the form that the journal keeps. */
      readonly refusal: LastRefusal;
    }
  /** To be journaled: delivered. */
  | { readonly kind: 'delivered'; readonly message: MessageHandle; readonly recipient: number }
  /** To be journaled and reported to the sender: failed for good. `expired` when its lifetime ended it. */
  | {
      readonly kind: 'failed';
      readonly message: MessageHandle;
      readonly recipient: number;
      readonly refusal: Refusal;
      readonly expired: boolean;
      /** Whose mail it is; empty: of no tenant. */
      readonly tenant: string;
    }
  /** No recipient is left; the handle is free after this batch of effects. */
  | { readonly kind: 'done'; readonly message: MessageHandle };

export interface Transaction {
  readonly message: MessageHandle;
  /** Indexes in the envelope. */
  readonly recipients: readonly number[];
  /** No other one will be granted to the connection: it has carried as many as limits allow. */
  readonly isLast: boolean;
}

/** How a connection ended. */
export type ConnectionEnd =
  /**
   * It never became ready (refused, timed out, greeting 4xx/5xx, early drop): the address is to blame, no recipient is. With
   * a local refusal this host is to blame (no such source address, no more ports or files), not the destination. With a
   * failed TLS policy or log-in, the address is well: it is to blame for mail with this policy and this log-in alone.
   */
  | {
      readonly kind: 'failed';
      readonly refusal: Refusal;
      readonly tls?: TlsOutcome | undefined;
      readonly login?: LoginFailure | undefined;
    }
  /**
   * It was ready and ended in order or after its transactions' results were reported. Transactions without results were
   * not begun, or came to nothing: they are granted again without an attempt, except for the connection's first.
   */
  | { readonly kind: 'closed' };

/** A deterministic state machine: same calls with the same times, same effects. What is to be done is pushed to `effects`. */
export interface Scheduler {
  readonly effects: Effect[];
  /** Opens a scheduler transaction: nothing of it is schedulable before `commit`. */
  begin(message: NewScheduledMessage): MessageHandle;
  add(message: MessageHandle, recipient: NewRecipient): void;
  commit(message: MessageHandle, nowMs: number): void;
  /** Leaves nothing behind. */
  rollback(message: MessageHandle): void;
  routeResolved(route: string, plan: RoutePlan, nowMs: number): void;
  /**
   * Greeting and EHLO are through: the address is well.
   * @param depth - so many transactions may be on the way on the connection: granted, and without results; 1 by default
   */
  connectionReady(connection: ConnectionHandle, nowMs: number, depth?: number): void;
  /**
   * Reserves a connection that brings no mail. It is told of by `visitEnded` alone.
   * @returns undefined when a limit is in the way, or there is no other host
   */
  visit(target: VisitTarget, nowMs: number): Visit | undefined;
  /** The same, as soon as limits allow it, with an effect `visit` of this number. Mail makes room for it. */
  awaitVisit(number: number, target: VisitTarget, nowMs: number): void;
  /** Nobody waits for the visit of this number any more. */
  forgetVisit(number: number): void;
  visitEnded(connection: ConnectionHandle, nowMs: number): void;
  /**
   * The oldest transaction on the way on a connection is over; `reusable` false when the connection is going away. Those behind it
   * may still be reported then, and no other is granted.
   */
  transactionDone(
    connection: ConnectionHandle,
    results: readonly RecipientResult[],
    reusable: boolean,
    nowMs: number,
  ): void;
  connectionClosed(connection: ConnectionHandle, end: ConnectionEnd, nowMs: number): void;
  /**
   * The scheduler's own time never jumps; the system's clock may. What people are told, and next attempts in `deferred`
   * effects, are dates: the scheduler's time and so many ms. 0 until it is set.
   * @param shownMs - for what people are told, if their clock shows another date than the one that is believed
   */
  setDateShift(shiftMs: number, shownMs?: number): void;
  /**
   * Plans cannot be looked up by a fault of this host (no name server answers), or they can again. Until then, and for some
   * minutes longer, in which all are looked up, no lifetime of what waits for its plan ends.
   */
  lookupsStopped(areStopped: boolean, nowMs: number): void;
  /** This host has no own address for connections of some IP version, or it has one again. Until then no lifetime ends. */
  sourcesLack(doLack: boolean): void;
  /** Does what is due by now: next attempts, ends of lifetimes and rests, idle connections that close. */
  tick(nowMs: number): void;
  /** When `tick` has something to do next; Infinity if never. */
  nextWakeMs(): number;
  /** New limits and times apply at once. Above a lowered limit, idle connections close at once and busy ones when they are done. */
  reconfigure(config: SchedulerConfig, nowMs: number): void;
  /**
   * So many connections can be carried now, as sender processes come and go; unlimited until it is said. The limit of all
   * connections, and of those that no host has greeted on, stays within it.
   */
  carry(connections: number, nowMs: number): void;
  /** The routing table changed: all plans expire, and each is requested again when there is work for it. */
  routesChanged(nowMs: number): void;
  /**
   * Gives waiting recipients of a message, by their index in the envelope, new routes; attempts and times stay.
   * Those in flight keep theirs: then the answer is false.
   */
  reroute(message: MessageHandle, routes: ReadonlyMap<number, NewRoute>, nowMs: number): boolean;
  /**
   * Makes waiting recipients of a message due now (`sluice queue retry`), and ends rests of the addresses that they go to.
   * Returns how many recipients are due; those held or in flight are not.
   * @param extra - only these, by their index in the envelope, and in addition to the retry schedule: when they are refused for now before
   *   their time, they wait for that time, and neither the schedule nor the rests of addresses have gone on
   */
  retryNow(message: MessageHandle, nowMs: number, extra?: ReadonlySet<number>): number;
  /** The passwords or tokens of these credentials are others: rests of hosts that refused the former ones end. */
  loginsRenewed(credentials: readonly string[], nowMs: number): void;
  /** Returns false when the message was held already. */
  hold(message: MessageHandle): boolean;
  /** Returns false when the message was not held. */
  release(message: MessageHandle, nowMs: number): boolean;
  /** Those of these recipients that are not done and not in flight. */
  notInFlight(message: MessageHandle, recipients: readonly number[]): number[];
  /**
   * Forgets these recipients (all when not given) unless they are in flight, without a report; returns the indexes of
   * those that are gone. Those in flight finish.
   */
  remove(message: MessageHandle, recipients?: readonly number[]): number[];
  /** When the lifetime of a queued message ends, held or not: the last of its recipients', which may have different ones; of this one, if it is given. */
  expiresAtMs(message: MessageHandle, recipient?: number): number;
  find(queueId: string): MessageHandle | undefined;
  queueIdOf(message: MessageHandle): string;
  /** Is this handle still that of the message with this id? */
  isQueued(message: MessageHandle, queueId: string): boolean;
  /** All recipients that are not done; may be walked in pieces. */
  recipients(): IterableIterator<QueuedRecipient>;
  /**
   * All messages; may be walked in pieces while they change. Each that stays is met once. One that comes meanwhile is met or
   * not, and the walk ends in any case.
   */
  messages(): IterableIterator<MessageHandle>;
  /** The recipients of a message that are not done; none when no such message is queued. */
  recipientsOf(message: MessageHandle): WaitingRecipient[];
  /** Is a recipient of the message tried now, or as soon as its route is known and limits allow? Those left wait for a later time. */
  isUnderWay(message: MessageHandle): boolean;
  /** Sites with work or connections: at most so many, in this order. */
  sites(most?: number, order?: SiteOrder): SiteStatus[];
  /** The number of rows that `sites` gives without a limit. */
  siteCount(): number;
  /** Recipients by the number of the store that keeps them; a store without mail may be missing. */
  stores(): readonly (StoreCount | undefined)[];
  /** Why a tenant's mail of a route (`RouteKey.key` and `domain`) goes or waits, when it takes this plan. */
  explain(route: string, domain: string, tenant: string, plan: RelayPlan, nowMs: number): Explanation;
  /** All limits with at most so many of their counters that are in use. */
  limits(most: number, nowMs: number): LimitsStatus;
  /**
   * Grants no mail of this store from now on, whatever has room, for a reason that people are told; with no reason it goes
   * on. Transactions in flight finish. Until the last cause is over, all of them count.
   * @param store - default: 0
   * @param cause - default: outcomes cannot be stored; with `reports`, no lifetime ends meanwhile, either
   * @param tenant - of this tenant alone, because of its reports
   */
  pause(reason: string | undefined, nowMs: number, store?: number, cause?: PauseCause, tenant?: string): void;
  /** The state of all rates that are in use, to be kept over a restart. */
  rates(nowMs: number): readonly SavedRate[];
  /** Before the first message. */
  restoreRates(saved: readonly SavedRate[]): void;
  /** Ready mail that nothing is in the way of: at most so many messages, each the first of its queue. */
  unexplainedWaits(most: number): UnexplainedWait[];
  counts(): { readonly messages: number; readonly recipients: number; readonly connections: number };
}
