// What passes over the control socket: one JSON object a line. The client sends one request; rows may come before the end.

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
  /** Absolute: reload only if this is the file that the running Sluice reads; not given: whatever it reads. */
  readonly file?: string | undefined;
}

/** A configuration that was read again and is in force. */
export interface Reloaded {
  /** Absolute; none: there is no file, and the defaults are in force. */
  readonly file?: string | undefined;
  /** Keys that were changed and need a restart. */
  readonly afterRestart: readonly string[];
}

export const siteOrders = ['connections', 'waiting', 'name'] as const;
/** Which sites come first: those with the most connections, with the most that could go and cannot, or by name. */
export type SiteOrder = (typeof siteOrders)[number];

export interface StatusQuestion {
  /** At most so many sites, the first ones in this order; all when it is not given. */
  readonly sites?: number | undefined;
  readonly order?: SiteOrder | undefined;
  /** Count what waits of each tenant: that looks at the whole queue. */
  readonly tenants?: boolean | undefined;
}

/** How a running Sluice is, and what is wrong with it right now. */
export type StatusAnswer = Status | StatusWithoutManager;

export interface Status extends ManagerStatus {
  readonly kind: 'complete';
  readonly troubles: readonly ReportedTrouble[];
}

/** The manager does not answer: it is stopped, stalled, or cannot start. The rest is known all the same. */
export interface StatusWithoutManager {
  readonly kind: 'without-manager';
  readonly version: string;
  readonly nowMs: number;
  readonly troubles: readonly ReportedTrouble[];
}

/** What the manager knows, in numbers. */
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
  /** Recipients delivered, deferred, bounced, dropped, removed and messages received since the manager started. */
  readonly counters: Readonly<Record<string, number>>;
  readonly spool: {
    readonly segments: number;
    readonly bytes: number;
    readonly liveMessages: number;
    readonly damagedMessages: number;
  };
  readonly sites: readonly SiteRow[];
  /** Sites with work or connections in all. */
  readonly siteCount: number;
  /** What operators suspended or limited. */
  readonly overrides: readonly Override[];
  /** Where the system carries less than the configuration asks for; not there when it carries everything. */
  readonly shortages?: readonly string[] | undefined;
  /** Roles that have had no process for some seconds; not there when every role has one. */
  readonly missing?: readonly ('sender' | 'receiver')[] | undefined;
  /** If it was asked for; '' is mail of no tenant. */
  readonly tenants?: readonly TenantCount[] | undefined;
}

/** Recipients of one tenant in the queue. */
export interface TenantCount {
  readonly tenant: string;
  /** For their next attempt, or held. */
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
  /** Name of a tenant; when it is not given, that of the sender's mail; without a sender, the one with most mail there. */
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
  /** Why the mail cannot go anywhere; undefined when it can. */
  readonly refusal?: { readonly permanent: boolean; readonly reply: string } | undefined;
  /** Unix ms: until then nothing is looked up again. */
  readonly validUntilMs: number;
  readonly explanation: Explanation;
  /** How much of its mail is of which tenant; none: there are no tenants. */
  readonly tenants: readonly TenantCount[];
  /** Of the address that is tried first; undefined when there is none. */
  readonly carries?:
    | { readonly messagesPerConnection: Carried; readonly recipientsPerMessage: Carried }
    | undefined;
  /** The limits that the explanation names. */
  readonly rules: readonly LimitRule[];
  /** Operators' overrides that are among them, and those of everything. */
  readonly overrides: readonly Override[];
}

export interface Carried {
  readonly allowed: number;
  /** Where that was set. */
  readonly origin: string;
}

export interface LimitsQuestion {
  /** At most so many counters. */
  readonly most: number;
}

export interface LimitsAnswer {
  readonly limits: LimitsStatus;
  readonly overrides: readonly Override[];
}

export interface OverrideChange {
  readonly kind: OverrideKind;
  /** As `parseTarget` reads them; all or none are changed. */
  readonly targets: readonly string[];
  /** Of a limit. */
  readonly quantities?: LimitQuantities | undefined;
  /** No end when it is not given. */
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
  /** Targets that had none, with those that still hold for them. */
  readonly missing: readonly { readonly target: string; readonly heldBy: readonly string[] }[];
}
