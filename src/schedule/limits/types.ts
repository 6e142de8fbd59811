// What a limit is: which connections it matches, what it counts per, and how much it allows. Plain data, made from
// [[limit]] tables, from operators' overrides and from the built-in defaults. docs/limits.md explains it to administrators.

import type { DomainPattern } from '../../values/domain.ts';
import type { Network } from '../../values/network.ts';
import type { Rate } from '../../values/rate.ts';

/** What a limit can count per. `network` is the /24 or /64 of the address, `source` our own address, `tenant` whose mail it is, `queue` where it is kept. */
export const limitKeys = ['domain', 'site', 'mx', 'ip', 'network', 'source', 'tenant', 'queue'] as const;
export type LimitKey = (typeof limitKeys)[number];

/** All that are given must match; of each list, one item. Not given: anything. */
export interface LimitMatch {
  /** Recipient domain. */
  readonly domain?: readonly DomainPattern[] | undefined;
  /** `RelayPlan.site`, exactly. */
  readonly site?: readonly string[] | undefined;
  /** Name of the MX host or smarthost. */
  readonly mx?: readonly DomainPattern[] | undefined;
  /** Address of the destination. */
  readonly ip?: readonly Network[] | undefined;
  /** Our own address. */
  readonly source?: readonly Network[] | undefined;
  /** Names of tenants; '' is mail of no tenant. */
  readonly tenant?: readonly string[] | undefined;
  /** Names of queues. */
  readonly queue?: readonly string[] | undefined;
}

/** No limit at all; more than any that can be written. */
export const unlimited = 0x7fffffff;

/** How much a limit allows; at least one is given. */
export interface LimitQuantities {
  /** Connections at once; 0: on hold. */
  readonly connections?: number | undefined;
  readonly connectionRate?: Rate | undefined;
  readonly messageRate?: Rate | undefined;
  readonly recipientRate?: Rate | undefined;
  readonly messagesPerConnection?: number | undefined;
  readonly recipientsPerMessage?: number | undefined;
}

/**
 * One limit. Limits with the same keys (for a group: the keys that it matches by) are one dimension. In a dimension and
 * for one quantity (connections, message_rate ...), a limit whose match is more specific in some respect and less in none
 * replaces the less specific one; limits of which neither is more specific hold together. All dimensions hold together.
 */
export interface LimitRule extends LimitQuantities {
  /** Unique, and the same after a reload or restart: the state of rates is kept under it. */
  readonly id: string;
  /** For people: the name from the file, or what it matches, e.g. `aol.com`; empty for a default. */
  readonly name: string;
  /** Where it was set: `sluice.toml:12`, `built in`, `sluice limit set`. */
  readonly origin: string;
  /** In the order of `limitKeys`; empty: one budget for everything that it matches (a group). */
  readonly per: readonly LimitKey[];
  readonly match: LimitMatch;
  /** An operator's overrides replace every limit of the file in their dimension. */
  readonly isOverride: boolean;
  /** Why and until when (Unix ms) an operator set it. */
  readonly reason?: string | undefined;
  readonly untilMs?: number | undefined;
}

/** What limits look at in a message. */
export interface TaskFacts {
  /** Recipient domain, lower-case A-labels. */
  readonly domain: string;
  readonly tenant: string;
  /** Name of the queue; none: the default one. */
  readonly queue?: string | undefined;
}

/** Where a connection goes, and from where. */
export interface PlaceFacts {
  readonly site: string;
  readonly mx: string;
  /** Canonical text; '' for what has none, such as a Unix-domain socket: no limit that counts or matches by it holds there. */
  readonly ip: string;
  /** '' when the system chooses it. */
  readonly source: string;
}

/** A limit that is in force, and the value of its key there: `example.com`, or `192.0.2.1 mx.example.com` for two keys; '' for a group. */
export interface AppliedLimit {
  readonly rule: LimitRule;
  readonly key: string;
}

/** All limits that hold for a task, a place, or a task at a place. */
export interface AppliedLimits {
  readonly connections: readonly AppliedLimit[];
  readonly connectionRate: readonly AppliedLimit[];
  readonly messageRate: readonly AppliedLimit[];
  readonly recipientRate: readonly AppliedLimit[];
  /** The smallest; `unlimited` when none is set. */
  readonly messagesPerConnection: number;
  readonly recipientsPerMessage: number;
}

/**
 * Limits, ready to be asked. A dimension belongs to the task when its limits look at domain, tenant and queue only, to the place
 * when they look at site, mx, ip, network and source only, and else to both.
 */
export interface LimitIndex {
  readonly rules: readonly LimitRule[];
  /** Are there dimensions that depend on route and place? */
  readonly hasPairLimits: boolean;
  ofTask(task: TaskFacts): AppliedLimits;
  ofPlace(place: PlaceFacts): AppliedLimits;
  ofPair(task: TaskFacts, place: PlaceFacts): AppliedLimits;
}
