// The manager's part of the answer to `sluice status`.

import type { ManagerStatus, StatusQuestion } from '../control/operations/status.ts';
import type { LimitOperations } from './limit-operations.ts';
import { version } from '../config/version.ts';
import type { Timers } from '../io/timers.ts';
import type { EventCounters } from '../log/event-counters.ts';
import type { MessageHandle } from '../schedule/types.ts';
import type { SpoolStore } from '../spool/types.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import type { LinkedRole } from './linked-roles.ts';
import type { Manager } from './manager.ts';
import type { RoleCounters } from './role-counters.ts';
import type { Senders } from './senders.ts';
import { withStageCounts } from './stage-counts.ts';
import { OldestTally, queueStatus } from './queue-status.ts';
import type { QueueTallies } from './queue-tallies.ts';
import { eachRecipient } from './queue-walk.ts';
import { TenantTally } from './tenant-counts.ts';

/** The date and the monotonic clock drift apart by less than this; if they differ by more, the date was set. */
const clockSetMs = 60_000;

export interface StatusParts {
  readonly manager: Pick<Manager, 'receivedAtMs' | 'reporting' | 'scheduler'>;
  readonly store: Pick<SpoolStore, 'states' | 'usage'>;
  readonly senders: Pick<Senders, 'count'>;
  readonly limits: Pick<LimitOperations, 'overrides'>;
  /** Where the system carries less than the configuration asks for, in words. */
  readonly shortages: () => readonly string[];
  /** Roles without a process. */
  readonly missing: () => readonly LinkedRole[];
  readonly timers: Timers;
  /** The system's clock, which operators compare dates with. */
  readonly dateMs: () => number;
  readonly quarantine: Pick<QuarantineDesk, 'shown'>;
  readonly queues: Pick<QueueDesk, 'shown' | 'rooms'>;
  readonly tallies: QueueTallies;
  /** What the manager counted. */
  readonly counted: Pick<EventCounters, 'counts'>;
  /** What receivers and senders counted. */
  readonly counters: Pick<RoleCounters, 'sum'>;
}

export class StatusAnswers {
  readonly #parts: StatusParts;
  readonly #startedMonotonicMs: number;
  /** Date of the start. It also identifies this manager, so it changes only when the clock is set. */
  #startedAtMs: number;

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#startedMonotonicMs = parts.timers.nowMs();
    this.#startedAtMs = parts.dateMs();
  }

  async answer({ sites: most, order, tenants }: StatusQuestion): Promise<ManagerStatus> {
    const { counters, manager } = this.#parts;
    const { scheduler } = manager;
    const overrides = await this.#parts.limits.overrides();
    const shortages = this.#parts.shortages();
    const missing = this.#parts.missing();
    const nowMs = this.#parts.dateMs();
    const queues = this.#parts.queues.shown;
    const queueRooms = this.#parts.queues.rooms.shown;
    return {
      version,
      startedAtMs: this.#startedAt(nowMs),
      nowMs,
      ...scheduler.counts(),
      senders: this.#parts.senders.count,
      reports: this.#parts.manager.reporting,
      counters: this.#parts.counted.counts,
      ...withStageCounts(counters.sum('receiver'), counters.sum('sender'), counters.sum('pop3')),
      spool: this.#parts.store.usage(),
      sites: scheduler.sites(most, order),
      siteCount: scheduler.siteCount(),
      overrides,
      quarantine: this.#parts.quarantine.shown,
      ...(queues.length > 0 && { queues }),
      ...(queueRooms.length > 0 && { queueRooms }),
      ...(shortages.length > 0 && { shortages }),
      ...(missing.length > 0 && { missing }),
      ...(await this.#walked(tenants === true)),
    };
  }

  /** What is told of each tenant and each queue. */
  async #walked(isAsked: boolean): Promise<Pick<ManagerStatus, 'tenants' | 'byQueue'>> {
    const { manager, timers, store, tallies } = this.#parts;
    const { scheduler } = manager;
    const receivedAtMs = (message: MessageHandle): number => manager.receivedAtMs(message);
    const parts = { scheduler, store, tallies, receivedAtMs };
    const counted = isAsked ? new TenantTally() : undefined;
    const oldest = isAsked && store.states !== undefined ? new OldestTally(parts) : undefined;
    if (counted !== undefined)
      await eachRecipient(scheduler, timers, (recipient) => {
        counted.add(recipient);
        oldest?.add(recipient);
      });
    const byQueue = queueStatus(parts, oldest);
    return {
      ...(byQueue !== undefined && { byQueue }),
      ...(counted !== undefined && { tenants: counted.counts }),
    };
  }

  #startedAt(nowMs: number): number {
    const startedAtMs = Math.round(nowMs - (this.#parts.timers.nowMs() - this.#startedMonotonicMs));
    if (Math.abs(startedAtMs - this.#startedAtMs) > clockSetMs) this.#startedAtMs = startedAtMs;
    return this.#startedAtMs;
  }
}
