// What passes between whoever grants deliveries and the transports that carry them out.

import type { Refusal } from '../message/refusal.ts';
import type { RecipientResult } from '../schedule/types.ts';
import type { StoredRef } from '../spool/types.ts';
import type { IgnoredExtensions } from './ignored-extensions.ts';

/** One SMTP transaction to carry out: a message, and which of its recipients. */
export interface Work {
  readonly queueId: string;
  readonly ref: StoredRef;
  /** Indexes in the envelope. */
  readonly recipients: readonly number[];
  /** Written a moment ago: still in the page cache. */
  readonly fresh: boolean;
}

/** Where a new connection goes. */
export interface ConnectGrant {
  readonly connection: number;
  readonly site: string;
  readonly ip: string;
  readonly port: number;
  readonly host: string;
  /** Our own address to connect from; empty: the system chooses. */
  readonly source: string;
  readonly work: Work;
}

/** The same when its first work is in hand. */
export type ConnectedPlace = Omit<ConnectGrant, 'work'>;

/** A recipient's result; what the log tells of it comes along when it was not delivered. */
export type AttemptResult = RecipientResult & {
  readonly address?: string | undefined;
  /** Our own address, if it was not the system's choice. */
  readonly source?: string | undefined;
  /** Name of the tenant, if it has one. */
  readonly tenant?: string | undefined;
  /** Delivered to this host, NOTIFY=SUCCESS was asked for, and it knows no DSN: Sluice reports `relayed` (RFC 3461 5.2.2). */
  readonly relayedTo?: string | undefined;
};

/** Why a connection is no more. `unused`: its last transaction was never taken up by the peer and is no attempt. */
export type CloseReport =
  /** A local refusal: this machine could not even try (no such source, no free port, no open file); the destination is not to blame. */
  | { readonly kind: 'failed'; readonly refusal: Refusal }
  | { readonly kind: 'closed' }
  | { readonly kind: 'unused' };

/** What a sender reports, in order, for each connection. */
export interface DeliveryReports {
  ready(connection: number): void;
  done(connection: number, results: readonly AttemptResult[], reusable: boolean, queueId: string): void;
  closed(connection: number, report: CloseReport): void;
}

/** Times in ms, RFC 5321 4.5.3.2. */
export interface DeliveryTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly heloMs: number;
  readonly mailMs: number;
  readonly rcptMs: number;
  readonly dataMs: number;
  readonly blockMs: number;
  readonly finalMs: number;
  readonly rsetMs: number;
  readonly quitMs: number;
}

export interface DeliverySettings {
  /** Our name in EHLO where the source has none of its own. */
  readonly heloName: string;
  /** Our name in EHLO by the address that we connect from. */
  readonly heloNames: ReadonlyMap<string, string>;
  readonly ignoredExtensions: IgnoredExtensions;
  readonly timeouts: DeliveryTimeouts;
}
