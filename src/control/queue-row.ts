// One line of the queue as an operator sees it, and the filters that choose lines.

import type { Refusal } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import type { StoredRef } from '../spool/types.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { textPattern } from './text-pattern.ts';

/** One recipient that still waits. */
export interface QueueRow {
  readonly queueId: string;
  /** Unix ms. */
  readonly receivedAtMs: number;
  readonly sender: string;
  readonly recipient: string;
  readonly domain: string;
  /** Name of the tenant; empty: mail of no tenant. */
  readonly tenant: string;
  /** The name of the queue that keeps it; undefined: the default one. */
  readonly queue?: string | undefined;
  /** Who had handed it in; undefined: nobody who had logged in. */
  readonly user?: string | undefined;
  /**
   * `stored`: read from the spool of a stopped instance. `damaged`: the stored message cannot be read as it was written;
   * it is kept for the operator.
   */
  readonly state: 'resolving' | 'waiting' | 'ready' | 'active' | 'held' | 'stored' | 'damaged';
  /** Its message is held. The state is then `held`, or `active` while a transaction under way finishes. */
  readonly isHeld: boolean;
  readonly attempts: number;
  /** Unix ms; 0: at once. */
  readonly nextAttemptAtMs: number;
  /** The last refusal on one line for people; empty: none. */
  readonly lastError: string;
  /** The last refusal as a value. */
  readonly lastRefusal?: Refusal | undefined;
  /** What it waits for because of a fault on this host, e.g. `a name server`. */
  readonly waitsFor?: string | undefined;
  /** Why a message that is held was held when it was accepted; undefined when an operator held it. */
  readonly quarantine?: string | undefined;
  /** On the recipient's route, foreign senders are rewritten. */
  readonly rewritesSender?: true | undefined;
  /** The ORCPT of the recipient, `addr-type;address`: such as the SRS address of which it was made. */
  readonly originalRecipient?: string | undefined;
  /** Who decides about its way, where it is not the routing table, for people. */
  readonly way?: string | undefined;
  /** The name of the [[route]] that it takes; undefined: the route has none, or it is not known. */
  readonly routeName?: string | undefined;
  /** Why Sluice itself holds the message: it was in hand at several crashes. */
  readonly setAside?: string | undefined;
  /** Bytes of the message; given for mail that was held when it was accepted. */
  readonly sizeBytes?: number | undefined;
  /** Where its message is stored; given only if it was asked for. */
  readonly ref?: StoredRef | undefined;
}

/** All given filters must hold; patterns may contain `*`. */
export interface QueueFilter {
  readonly ids?: readonly string[] | undefined;
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  readonly domain?: string | undefined;
  /** Name of a tenant, without `*`; '' is mail of no tenant. */
  readonly tenant?: string | undefined;
  /** Name of a queue, without `*`; `default` is that of [queue]. */
  readonly queue?: string | undefined;
  readonly state?: string | undefined;
  /** Name of a [[route]], without `*`. */
  readonly route?: string | undefined;
  /** Messages older, or younger, than this many ms. */
  readonly olderThanMs?: number | undefined;
  readonly newerThanMs?: number | undefined;
  /** The reason of a message that is held since its acceptance; `*` is any of these. */
  readonly quarantine?: string | undefined;
}

/** The fields of a row about the last refusal. */
export function lastFacts(refusal: Refusal | undefined): Pick<QueueRow, 'lastError' | 'lastRefusal'> {
  return refusal === undefined
    ? { lastError: '' }
    : { lastError: refusalText(refusal), lastRefusal: refusal };
}

/** What is known of a row before the envelope is read. */
export type RowFacts = Omit<QueueRow, 'sender' | 'recipient' | 'originalRecipient' | 'user'>;

/** The facts that a filter looks at. */
export type ChoiceFacts = Pick<
  RowFacts,
  'queueId' | 'receivedAtMs' | 'domain' | 'tenant' | 'queue' | 'state' | 'isHeld' | 'routeName'
>;

/** Compiles a filter into two tests: one of the facts in memory, one of the addresses in the envelope. */
export class RowMatcher {
  readonly #filter: QueueFilter;
  readonly #ids: ReadonlySet<string> | undefined;
  readonly #nowMs: number;
  readonly #sender: (text: string) => boolean;
  readonly #recipient: (text: string) => boolean;
  readonly #domain: (text: string) => boolean;
  readonly #quarantine: (text: string) => boolean;

  constructor(filter: QueueFilter, nowMs: number) {
    this.#filter = filter;
    this.#ids = filter.ids === undefined || filter.ids.length === 0 ? undefined : new Set(filter.ids);
    this.#nowMs = nowMs;
    this.#sender = textPattern(filter.sender);
    this.#recipient = textPattern(filter.recipient);
    this.#domain = textPattern(filter.domain);
    this.#quarantine = textPattern(filter.quarantine);
  }

  matchesFacts(row: ChoiceFacts): boolean {
    const { state, tenant, queue, route, olderThanMs, newerThanMs, quarantine } = this.#filter;
    const ageMs = this.#nowMs - row.receivedAtMs;
    return (
      (this.#ids === undefined || this.#ids.has(row.queueId)) &&
      (state === undefined || row.state === state || (state === 'held' && row.isHeld)) &&
      (tenant === undefined || row.tenant === tenant) &&
      (queue === undefined || (row.queue ?? defaultQueue) === queue) &&
      (route === undefined || row.routeName === route) &&
      (quarantine === undefined || row.isHeld) &&
      (olderThanMs === undefined || ageMs > olderThanMs) &&
      (newerThanMs === undefined || ageMs < newerThanMs) &&
      this.#domain(row.domain)
    );
  }

  matchesAddresses(sender: string, recipient: string): boolean {
    return this.#sender(sender) && this.#recipient(recipient);
  }

  /** @param reason - why the message was held when it was accepted; undefined when it was not, or is not held any more */
  matchesQuarantine(reason: string | undefined): boolean {
    return this.#filter.quarantine === undefined || (reason !== undefined && this.#quarantine(reason));
  }
}
