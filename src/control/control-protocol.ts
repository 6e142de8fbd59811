// What passes over the control socket: one JSON object a line. The client sends one request; rows may come before the end.

import type { QueueFilter, QueueRow } from './queue-row.ts';

export type QueueAction = 'retry' | 'hold' | 'release' | 'remove';

export type ControlRequest =
  | { readonly operation: 'status' }
  | { readonly operation: 'reload' }
  | { readonly operation: 'queue-list'; readonly filter: QueueFilter; readonly limit: number }
  | { readonly operation: 'queue-change'; readonly action: QueueAction; readonly filter: QueueFilter };

export type ControlReply =
  | { readonly kind: 'rows'; readonly rows: readonly QueueRow[] }
  | { readonly kind: 'end'; readonly result: unknown }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly advice: string };

/** How a running Sluice is, in numbers. */
export interface Status {
  readonly version: string;
  readonly startedAtMs: number;
  readonly messages: number;
  readonly recipients: number;
  readonly connections: number;
  readonly senders: number;
  /** Reports being written. */
  readonly reports: number;
  /** Recipients delivered, deferred, bounced, removed and messages received since the manager started. */
  readonly counters: Readonly<Record<string, number>>;
  readonly spool: { readonly segments: number; readonly bytes: number; readonly liveMessages: number };
  readonly sites: readonly SiteRow[];
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
