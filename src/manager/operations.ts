// Operators' requests to the manager: pages of the queue, changes to it, and the state of things.

import type {
  ExplainQuestion,
  LimitsQuestion,
  ManagerStatus,
  OverrideChange,
  OverrideEnd,
  QueueAction,
  StatusQuestion,
} from '../control/control-protocol.ts';
import { type QueueFilter, RowMatcher } from '../control/queue-row.ts';
import type {
  ChangeResult,
  ChosenRecipient,
  NamedMessage,
  QueuePage,
  SourceRow,
} from '../control/queue-source.ts';
import type { OperatorSource } from '../control/operator-source.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { MessageHandle, QueuedRecipient } from '../schedule/types.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import { version } from '../config/version.ts';
import type { MemoryStats } from '../stats/stats.ts';
import type { Request, Response, OperationError } from '../channel/messages.ts';
import type { Manager } from './manager.ts';
import type { GivingUp } from './giving-up.ts';
import { tenantCounts } from './tenant-counts.ts';
import type { LinkedRole } from './linked-roles.ts';
import type { Senders } from './senders.ts';
import type { UnreadableMail } from './unreadable-mail.ts';

/** Recipients looked at for one page, so that a long queue never holds up deliveries. */
const pageScan = 2_000;
/** Open listings; the oldest is forgotten beyond this. */
const maxCursors = 16;

/** Reports that are stored at the same time for an operator. */
const reportsAtOnce = 16;

/** The two clocks drift apart by less; more, and the date was set. */
const clockSetMs = 60_000;

interface Listing {
  readonly rows: Iterator<QueuedRecipient>;
  readonly matcher: RowMatcher;
}

export interface OperationsParts {
  readonly manager: Manager;
  readonly store: SpoolStore;
  readonly senders: Senders;
  readonly limits: OperatorSource;
  /** Where the system carries less than the configuration asks for, in words. */
  readonly shortages: () => readonly string[];
  /** As `ClockWatch.confirm`. */
  readonly confirmClock: () => number | undefined;
  /** Roles without a process. */
  readonly missing: () => readonly LinkedRole[];
  readonly givingUp: GivingUp;
  readonly unreadable: UnreadableMail;
  readonly timers: Timers;
  /** The system's clock, which operators compare dates with. */
  readonly dateMs: () => number;
  readonly stats: MemoryStats;
  readonly log: Logger;
}

export class Operations {
  readonly #manager: Manager;
  readonly #store: SpoolStore;
  readonly #senders: Senders;
  readonly #limits: OperatorSource;
  readonly #shortages: () => readonly string[];
  readonly #confirmClock: () => number | undefined;
  readonly #missing: () => readonly LinkedRole[];
  readonly #stats: MemoryStats;
  readonly #log: Logger;
  readonly #givingUp: GivingUp;
  readonly #unreadable: UnreadableMail;
  readonly #timers: Timers;
  readonly #dateMs: () => number;
  readonly #startedMonotonicMs: number;
  /** A date. It also tells this manager from the next one, so it stays as it is unless the clock is set. */
  #startedAtMs: number;
  readonly #listings = new Map<number, Listing>();
  #nextCursor = 1;

  constructor(parts: OperationsParts) {
    this.#manager = parts.manager;
    this.#store = parts.store;
    this.#senders = parts.senders;
    this.#limits = parts.limits;
    this.#shortages = parts.shortages;
    this.#confirmClock = parts.confirmClock;
    this.#missing = parts.missing;
    this.#givingUp = parts.givingUp;
    this.#unreadable = parts.unreadable;
    this.#timers = parts.timers;
    this.#dateMs = parts.dateMs;
    this.#startedMonotonicMs = parts.timers.nowMs();
    this.#startedAtMs = parts.dateMs();
    this.#stats = parts.stats;
    this.#log = parts.log;
  }

  /** Every request gets one response; one that can be answered at once gets it at once. */
  answer(request: Request, respond: (response: Response) => void): void {
    const { id } = request;
    const failed = (thrown: unknown): void => {
      const error = operationError(thrown);
      // A mistake of the operator is told to the operator only.
      if (error.code === 'CONTROL_FAILED') this.#log.error(`an operator's request failed: ${error.message}`);
      respond({ kind: 'response', id, error });
    };
    try {
      this.#manager.showDates();
      const result = this.#perform(request);
      if (!(result instanceof Promise)) respond({ kind: 'response', id, result });
      else void result.then((value: unknown) => respond({ kind: 'response', id, result: value }), failed);
    } catch (error) {
      failed(error);
    }
  }

  #perform(request: Request): unknown {
    switch (request.operation) {
      case 'page': {
        const { filter, cursor } = request.parameters as {
          readonly filter: QueueFilter;
          readonly cursor?: number;
        };
        return this.#page(filter, cursor);
      }
      case 'change': {
        const { action, recipients } = request.parameters as {
          readonly action: QueueAction;
          readonly recipients: ChosenRecipient[];
        };
        return this.#change(action, recipients);
      }
      case 'examine':
        return this.#unreadable.examine(request.parameters as NamedMessage[]);
      case 'status':
        return this.#status(request.parameters as StatusQuestion);
      case 'ping':
        return null;
      case 'explain':
        return this.#limits.explain(request.parameters as ExplainQuestion);
      case 'limits':
        return this.#limits.limits(request.parameters as LimitsQuestion);
      case 'override.list':
        return this.#limits.overrides();
      case 'override.set':
        return this.#limits.setOverrides(request.parameters as OverrideChange);
      case 'override.unset':
        return this.#limits.unsetOverrides(request.parameters as OverrideEnd);
      case 'clock.confirm':
        return this.#confirmClock() ?? null;
      default:
        throw new Error(`unknown operation ${request.operation}`);
    }
  }

  #page(filter: QueueFilter, cursor: number | undefined): QueuePage {
    const listing = cursor === undefined ? this.#open(filter) : this.#listings.get(cursor);
    if (listing === undefined) return { rows: [], cursor: undefined };
    const at = cursor ?? this.#nextCursor - 1;
    const rows: SourceRow[] = [];
    for (let scanned = 0; scanned < pageScan; scanned++) {
      const next = listing.rows.next();
      if (next.done === true) {
        this.#listings.delete(at);
        return { rows, cursor: undefined };
      }
      const row = this.#row(next.value);
      if (row !== undefined && listing.matcher.facts(row)) rows.push(row);
    }
    return { rows, cursor: at };
  }

  #open(filter: QueueFilter): Listing {
    const listing = {
      rows: this.#manager.scheduler.recipients(),
      matcher: new RowMatcher(filter, this.#dateMs()),
    };
    this.#listings.set(this.#nextCursor++, listing);
    const [oldest] = this.#listings.keys();
    if (this.#listings.size > maxCursors && oldest !== undefined) this.#listings.delete(oldest);
    return listing;
  }

  #row(queued: QueuedRecipient): SourceRow | undefined {
    const ref = this.#store.locate(queued.queueId);
    if (ref === undefined) return undefined;
    const isDamaged = this.#store.isDamaged(queued.queueId);
    return {
      queueId: queued.queueId,
      message: queued.message,
      receivedAtMs: this.#manager.receivedAtMs(queued.message),
      domain: queued.domain,
      tenant: queued.tenant,
      state: isDamaged ? 'damaged' : queued.state,
      isHeld: queued.isHeld && !isDamaged,
      attempts: queued.attempts,
      nextAttemptAtMs: queued.nextAttemptAtMs,
      lastError: queued.lastError,
      ...(queued.waitsFor !== undefined && { waitsFor: queued.waitsFor }),
      recipientIndex: queued.recipient,
      ref,
    };
  }

  async #change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<ChangeResult> {
    const messages = [...Map.groupBy(recipients, (each) => each.queueId).values()];
    const result = { changed: 0, unstored: 0, refused: 0, reason: '' };
    if (action === 'bounce') await this.#bounce(messages, result);
    // Also what is held or released already may not be on the disk yet.
    let inForce = 0;
    if (action !== 'bounce') {
      for (const chosen of messages) {
        const count = this.#changeMessage(action, chosen);
        if (count === undefined) continue;
        result.changed += count;
        if (action === 'hold' || action === 'release') inForce += chosen.length;
      }
    }
    if (action === 'retry' || result.changed + inForce === 0) return result;
    try {
      await this.#store.flush();
    } catch (error) {
      result.unstored = Math.max(result.changed, inForce);
      result.reason = error instanceof Error ? error.message : String(error);
    }
    return result;
  }

  /** Several reports at a time: each may hold a message of `max_original_size` in memory. */
  async #bounce(
    messages: readonly (readonly ChosenRecipient[])[],
    result: { changed: number; refused: number; reason: string },
  ): Promise<void> {
    const { scheduler } = this.#manager;
    const waiting = messages.values();
    const work = async (): Promise<void> => {
      for (const chosen of waiting) {
        const [{ queueId, message: handle }] = chosen as readonly [ChosenRecipient];
        const message = handle as MessageHandle;
        if (!scheduler.isQueued(message, queueId)) continue;
        const indexes = chosen.map((each) => each.recipient);
        try {
          const count = await this.#givingUp.giveUp(queueId, message, indexes);
          result.changed += count;
        } catch (error) {
          result.refused += chosen.length;
          result.reason = error instanceof Error ? error.message : String(error);
        }
      }
    };
    await Promise.all(Array.from({ length: reportsAtOnce }, work));
  }

  /** Returns how many recipients it changed; undefined when the message is not there or is being given up. */
  #changeMessage(
    action: Exclude<QueueAction, 'bounce'>,
    chosen: readonly ChosenRecipient[],
  ): number | undefined {
    const { scheduler } = this.#manager;
    const [{ queueId, message: handle }] = chosen as readonly [ChosenRecipient];
    const message = handle as MessageHandle;
    if (!scheduler.isQueued(message, queueId) || this.#givingUp.isGivingUp(queueId)) return undefined;
    let count = chosen.length;
    const outcomes: Outcome[] = [];
    this.#manager.change(outcomes, (nowMs) => {
      switch (action) {
        case 'retry':
          count = Math.min(count, scheduler.retryNow(message, nowMs));
          break;
        case 'hold':
          if (scheduler.hold(message)) outcomes.push({ kind: 'held', queueId });
          else count = 0;
          break;
        case 'release':
          if (scheduler.release(message, nowMs)) outcomes.push({ kind: 'released', queueId });
          else count = 0;
          break;
        case 'remove':
          outcomes.push(...this.#remove(message, chosen));
          count = outcomes.length;
          break;
      }
    });
    return count;
  }

  #remove(message: MessageHandle, chosen: readonly ChosenRecipient[]): Outcome[] {
    const { scheduler } = this.#manager;
    const removed = new Set(
      scheduler.remove(
        message,
        chosen.map((each) => each.recipient),
      ),
    );
    return chosen
      .filter((each) => removed.has(each.recipient))
      .map(({ queueId, recipient, sender, address }) => {
        this.#stats.count('removed');
        this.#log.event('removed', { id: queueId, from: sender, to: address });
        return { kind: 'removed', queueId, recipient };
      });
  }

  #startedAt(nowMs: number): number {
    const startedAtMs = Math.round(nowMs - (this.#timers.nowMs() - this.#startedMonotonicMs));
    if (Math.abs(startedAtMs - this.#startedAtMs) > clockSetMs) this.#startedAtMs = startedAtMs;
    return this.#startedAtMs;
  }

  async #status({ sites: most, order, tenants }: StatusQuestion): Promise<ManagerStatus> {
    const { scheduler } = this.#manager;
    const overrides = await this.#limits.overrides();
    const shortages = this.#shortages();
    const missing = this.#missing();
    const nowMs = this.#dateMs();
    return {
      version,
      startedAtMs: this.#startedAt(nowMs),
      nowMs,
      ...scheduler.counts(),
      senders: this.#senders.count,
      reports: this.#manager.reporting,
      counters: this.#stats.snapshot().counters,
      spool: this.#store.usage(),
      sites: scheduler.sites(most, order),
      siteCount: scheduler.siteCount(),
      overrides,
      ...(shortages.length > 0 && { shortages }),
      ...(missing.length > 0 && { missing }),
      ...(tenants === true && { tenants: await tenantCounts(scheduler, this.#timers) }),
    };
  }
}

function operationError(error: unknown): OperationError {
  if (error instanceof SluiceError) return { code: error.code, message: error.message, advice: error.advice };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'CONTROL_FAILED', message, advice: '' };
}
