// The messages of the control socket, one JSON object per line. The client sends one request; rows may come before the `end`.

import type { Explanation, LimitsStatus } from '../schedule/limits/status.ts';
import type { LimitQuantities, LimitRule } from '../schedule/limits/types.ts';
import type { ReportedTrouble } from '../stats/trouble-board.ts';
import type { Override, OverrideKind } from './override.ts';
import type { QueueFilter, QueueRow } from './queue-row.ts';

export type QueueAction = 'retry' | 'hold' | 'release' | 'remove' | 'bounce';

export type ControlRequest =
  | ({ readonly operation: 'status' } & StatusQuestion)
  | ({ readonly operation: 'reload' } & ReloadQuestion)
  | {
      readonly operation: 'queue-list';
      readonly filter: QueueFilter;
      readonly limit: number;
      /** Rows say where their messages are stored. */
      readonly located?: boolean | undefined;
    }
  | { readonly operation: 'queue-change'; readonly action: QueueAction; readonly filter: QueueFilter }
  | ({ readonly operation: 'explain' } & ExplainQuestion)
  | ({ readonly operation: 'limits' } & LimitsQuestion)
  | { readonly operation: 'override.list' }
  | ({ readonly operation: 'override.set' } & OverrideChange)
  | ({ readonly operation: 'override.unset' } & OverrideEnd)
  | { readonly operation: 'clock.confirm' };

export type ControlReply =
  | { readonly kind: 'rows'; readonly rows: readonly QueueRow[] }
  /** A sign of life, once a second, while the answer takes longer. */
  | { readonly kind: 'working' }
  | { readonly kind: 'end'; readonly result: unknown }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly advice: string };

export interface ReloadQuestion {
  /** Absolute path: reload only if the running Sluice reads this file. Not given: reload the file that it reads. */
  readonly file?: string | undefined;
}

/** A configuration that was read again and is in force. */
export interface Reloaded {
  /** Absolute path; undefined: there is no file, and the defaults are in force. */
  readonly file?: string | undefined;
  /** Keys that were changed and need a restart. */
  readonly afterRestart: readonly string[];
}

export const siteOrders = ['connections', 'waiting', 'name'] as const;
/** Which sites come first: those with most connections, with most recipients that are ready and wait, or by name. */
export type SiteOrder = (typeof siteOrders)[number];

export interface StatusQuestion {
  /** At most this many sites, the first ones in `order`; all when not given. */
  readonly sites?: number | undefined;
  readonly order?: SiteOrder | undefined;
  /** Also count the recipients of each tenant, which scans the whole queue. */
  readonly tenants?: boolean | undefined;
}

/** What a running Sluice does, and what is wrong with it right now. */
export type StatusAnswer = Status | StatusWithoutManager;

export interface Status extends ManagerStatus {
  readonly kind: 'complete';
  readonly troubles: readonly ReportedTrouble[];
}

/** The manager does not answer: it is stopped, stalled, or cannot start. The troubles are known without it. */
export interface StatusWithoutManager {
  readonly kind: 'without-manager';
  readonly version: string;
  readonly nowMs: number;
  readonly troubles: readonly ReportedTrouble[];
}

/** The manager's numbers. */
export interface ManagerStatus {
  readonly version: string;
  readonly startedAtMs: number;
  /** Unix ms of this answer. */
  readonly nowMs: number;
  readonly messages: number;
  readonly recipients: number;
  readonly connections: number;
  readonly senders: number;
  /** Messages whose failures are not reported yet. */
  readonly reports: number;
  /** Since the manager started: recipients delivered, deferred, bounced, dropped and removed; messages received. */
  readonly counters: Readonly<Record<string, number>>;
  readonly spool: {
    readonly segments: number;
    readonly bytes: number;
    readonly liveMessages: number;
    readonly damagedMessages: number;
  };
  readonly sites: readonly SiteRow[];
  /** Number of all sites with work or connections. */
  readonly siteCount: number;
  /** Suspensions and limits that operators have set. */
  readonly overrides: readonly Override[];
  /** Where the system allows less than the configuration asks for; not given when it allows everything. */
  readonly shortages?: readonly string[] | undefined;
  /** Roles that have had no process for some seconds; not given when every role has one. */
  readonly missing?: readonly ('sender' | 'receiver')[] | undefined;
  /** Given if it was asked for; '' is mail of no tenant. */
  readonly tenants?: readonly TenantCount[] | undefined;
}

/** Recipients of one tenant in the queue. */
export interface TenantCount {
  readonly tenant: string;
  /** Recipients that wait for their next attempt, or are held. */
  readonly waiting: number;
  readonly ready: number;
  readonly active: number;
}

/** A site with work or connections. */
export interface SiteRow {
  readonly site: string;
  readonly label: string;
  readonly waiting: number;
  readonly ready: number;
  readonly active: number;
  readonly connections: number;
  readonly blockedOn: string;
}

export interface ExplainQuestion {
  /** A mail address or a domain. */
  readonly address: string;
  /** Envelope sender: routes may depend on it. Empty: the null sender. */
  readonly sender?: string | undefined;
  /** Name of a tenant. Not given: the tenant of the sender's mail; without a sender, the one with most mail there. */
  readonly tenant?: string | undefined;
}

/** The whole decision about mail for one address. */
export interface ExplainAnswer {
  readonly address: string;
  readonly sender: string;
  readonly route: {
    /** Name of the `[[route]]`, or `route 2`; empty: none names the address. */
    readonly name: string;
    /** What it does, in words. */
    readonly target: string;
  };
  /** Why the mail cannot be routed; undefined when it can. */
  readonly refusal?: { readonly permanent: boolean; readonly reply: string } | undefined;
  /** Unix ms until which the look-up is used again. */
  readonly validUntilMs: number;
  readonly explanation: Explanation;
  /** Its recipients by tenant; empty when there are no tenants. */
  readonly tenants: readonly TenantCount[];
  /** What a connection to the address that is tried first may carry; undefined without an address. */
  readonly carries?:
    | { readonly messagesPerConnection: Carried; readonly recipientsPerMessage: Carried }
    | undefined;
  /** The limits that the explanation names. */
  readonly rules: readonly LimitRule[];
  /** Operators' overrides among these limits, and those of the target `all`. */
  readonly overrides: readonly Override[];
}

export interface Carried {
  readonly allowed: number;
  /** Where this was set. */
  readonly origin: string;
}

export interface LimitsQuestion {
  /** At most this many counters. */
  readonly most: number;
}

export interface LimitsAnswer {
  readonly limits: LimitsStatus;
  readonly overrides: readonly Override[];
}

export interface OverrideChange {
  readonly kind: OverrideKind;
  /** As `parseTarget` reads them. Either all are changed or none. */
  readonly targets: readonly string[];
  /** Given for a limit only. */
  readonly quantities?: LimitQuantities | undefined;
  /** Not given: it has no end. */
  readonly forMs?: number | undefined;
  readonly reason: string;
  readonly by: string;
}

export interface OverrideEnd {
  readonly kind: OverrideKind;
  readonly targets: readonly string[];
}

export interface OverrideEndAnswer {
  readonly ended: readonly Override[];
  /** Targets without an override of their own, each with the overrides that still apply to it. */
  readonly missing: readonly { readonly target: string; readonly heldBy: readonly string[] }[];
}
