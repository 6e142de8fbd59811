// Grants of the manager to a transport, and the reports that come back.

import type { Refusal } from '../message/refusal.ts';
import type { NextHopAddress } from '../route/types.ts';
import type { PipelineDepth } from '../protocol/smtp/client/client-types.ts';
import type { RecipientResult } from '../schedule/types.ts';
import type { StoredRef } from '../spool/types.ts';
import type { PipeliningFault, PipeliningKind, SendingWay } from '../values/pipelining.ts';
import type { Onward } from '../values/onward-mail.ts';
import type { LoginFailure } from '../values/login-outcome.ts';
import type { TlsOutcome } from '../values/tls-outcome.ts';
import type { HostQuirks } from './smtp/host-quirks.ts';

/** One SMTP transaction to carry out: a message, and which of its recipients. */
export interface Work {
  readonly queueId: string;
  readonly ref: StoredRef;
  /** Indexes in the envelope. */
  readonly recipients: readonly number[];
  /** It was written a moment ago, so it is still in the page cache. */
  readonly fresh: boolean;
  /** No other work will come for the connection: it may end by itself when this is done. */
  readonly isLast?: true;
}

/** Where a new connection goes, and by which transport. */
export interface ConnectGrant {
  readonly connection: number;
  readonly site: string;
  readonly hop: NextHopAddress;
  /** Our own address to connect from; empty: the system chooses. */
  readonly source: string;
  /** Kinds of pipelining that the host does not bear; not given: nothing is known against it. */
  readonly without?: readonly PipeliningKind[] | undefined;
  readonly work: Work;
}

/** The place of a connection, without its first work. */
export type ConnectedPlace = Omit<ConnectGrant, 'work'>;

/** A recipient's result; a recipient that was not delivered has the fields that its log line needs. */
export type AttemptResult = RecipientResult & {
  readonly address?: string | undefined;
  /** Our own address that was used; undefined when the system chose it. */
  readonly source?: string | undefined;
  /** Name of the tenant, if it has one. */
  readonly tenant?: string | undefined;
  /** The host that took the mail, if it knows no DSN and NOTIFY=SUCCESS was given: Sluice reports `relayed` (RFC 3461 5.2.2). */
  readonly relayedTo?: string | undefined;
  /** With `relayedTo`: it is the mailbox server (LMTP), a program or an archive, so that Sluice reports `delivered` (RFC 3464 2.3.3). */
  readonly isFinal?: true | undefined;
  /** With `relayedTo`: it was sent on to several other addresses, so that Sluice reports `expanded` (RFC 3461 5.2.7.3). */
  readonly isExpanded?: true | undefined;
  /** Of a delivery: mail that the manager stores before the recipient counts as delivered. */
  readonly onward?: Onward | undefined;
  /** Only where `tellsAttempts` says so. */
  readonly details?: AttemptDetails | undefined;
};

/** What is told of an attempt beside its result. */
export interface AttemptDetails {
  /** As in the envelope. */
  readonly sender: string;
  readonly recipient: string;
  /** It is a copy for an archive. */
  readonly isCopy: boolean;
  readonly durationMs: number;
  /** Of a delivery: the reply of the server. */
  readonly reply?: { readonly code: number; readonly enhanced: string; readonly lines: readonly string[] };
  /** Of a session under TLS. */
  readonly tls?: { readonly version: string; readonly cipher: string; readonly verification: string };
}

/** Why a connection ended. `unused`: the peer did not begin its last transactions, those without a report, which counts as no attempt. */
export type CloseReport = ConnectionEnd & {
  /** A kind of pipelining that the host did not bear. */
  readonly fault?: PipeliningFault;
};

type ConnectionEnd =
  /**
   * With a local refusal, this machine could not even begin to connect (no such source, no free port, no open file). With a TLS
   * outcome of kind `failed`, the host has not what the TLS policy of this connection demands; another policy may be content with it. With
   * a failed log-in, the host is well, and of no use for the credential of this connection.
   */
  | {
      readonly kind: 'failed';
      readonly refusal: Refusal;
      readonly tls?: TlsOutcome;
      readonly login?: LoginFailure;
    }
  | { readonly kind: 'closed' }
  | { readonly kind: 'unused' };

/** Reports of a sender, in this order for each connection: `ready`, any number of `done` in the order of the grants, `closed`. */
export interface DeliveryReports {
  /**
   * @param tls - what TLS came to; undefined when it was not tried
   * @param depth - the most transactions on the way: begun, and without results; one when not given. See `grantedAtOnce`
   * @param way - how commands and content are sent; not given where there are none
   * @param mechanism - by which it has logged in; empty or not given where it has not
   */
  ready(connection: number, tls?: TlsOutcome, depth?: number, way?: SendingWay, mechanism?: string): void;
  done(connection: number, results: readonly AttemptResult[], reusable: boolean, queueId: string): void;
  closed(connection: number, report: CloseReport): void;
}

/** Times in ms, RFC 5321 4.5.3.2. */
export interface DeliveryTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly heloMs: number;
  readonly handshakeMs: number;
  readonly mailMs: number;
  readonly rcptMs: number;
  readonly dataMs: number;
  readonly blockMs: number;
  readonly finalMs: number;
  readonly rsetMs: number;
  readonly quitMs: number;
}

export interface DeliverySettings {
  /** Our name in EHLO for sources without a name of their own. */
  readonly heloName: string;
  /** The most transactions on the way on one connection, where the server bears it. */
  readonly pipelineDepth: PipelineDepth;
  /** Our name in EHLO, by source address. */
  readonly heloNames: ReadonlyMap<string, string>;
  /** Names of this server, in lower case: a server with one of them is this one. */
  readonly ownNames?: ReadonlySet<string> | undefined;
  readonly quirks: HostQuirks;
  /** The manager wants to know more of each attempt than its result. */
  readonly tellsAttempts?: boolean | undefined;
  readonly timeouts: DeliveryTimeouts;
}
