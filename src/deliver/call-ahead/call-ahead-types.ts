// Call-ahead: other servers are asked, by MAIL and RCPT alone, which of their recipients exist. The settings, and what came of a question.

import type { RelayPlan, SocketHop } from '../../route/types.ts';
import type { SessionFailure } from '../../protocol/smtp/client/client-types.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';

/** What a full mailbox means for mail to it. */
export type FullMailbox = 'tempfail' | 'reject' | 'accept';

export interface PoolSettings {
  /** In MAIL FROM; empty for the null reverse-path. */
  readonly sender: string;
  /** The most connections, to all of the servers together. */
  readonly connections: number;
  /** The most questions that wait for a connection. */
  readonly waiting: number;
  /** For one question, with its wait. */
  readonly timeLimitMs: number;
}

export interface CacheSettings {
  /** For so long it is kept that a recipient exists. */
  readonly knownMs: number;
  /** For so long it is kept that a recipient is unknown, or takes no mail. */
  readonly unknownMs: number;
  /** For so long behind that a recipient still counts as existing while nobody can be asked. */
  readonly staleMs: number;
  /** The most answers that are kept. */
  readonly entries: number;
}

/** A server is to be asked about recipients: a connection to it is wanted, which counts in the limits of its destination like one with mail. */
export interface VisitWish {
  /** `RouteKey.key` of mail to the recipient. */
  readonly key: string;
  readonly domain: string;
  /** With the hosts that may be asked now. */
  readonly plan: RelayPlan;
}

export type VisitAnswer =
  /**
   * A connection to this host may be opened, from this address of our own ('': the system chooses).
   * @property number - of the visit
   */
  | { readonly kind: 'visit'; readonly number: number; readonly hop: SocketHop; readonly source: string }
  /** None may be opened now: one clause. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Counts visits with all other connections. */
export interface VisitLedger {
  /**
   * Never rejects. What it has allowed ends with `visitEnded`.
   * @param lost - nobody counts the visit any more: its connection is to be closed at once
   */
  visit(wish: VisitWish, lost: () => void): Promise<VisitAnswer>;
  visitEnded(number: number): void;
}

/** Where the servers are now, the one to be asked first in front; or why that is not known: one clause. */
export type FoundServers =
  | {
      readonly kind: 'found';
      readonly hops: readonly SocketHop[];
      readonly key: string;
      readonly plan: RelayPlan;
    }
  | { readonly kind: 'failing'; readonly reason: string }
  /** There is none for good: mail would be returned at once, with this reply. The domain takes no mail (null MX, RFC 7505), or does not exist. */
  | { readonly kind: 'nobody'; readonly reply: Reply };

/** What came of a question. */
export type AskOutcome =
  /** RCPT was accepted. */
  | { readonly kind: 'accepted' }
  /** The session was there, and this is why RCPT was not accepted, or was not come to. */
  | { readonly kind: 'refused'; readonly failure: SessionFailure }
  /** There is no server for good: see `FoundServers`. */
  | { readonly kind: 'nobody'; readonly reply: Reply }
  /**
   * Nobody could be asked.
   * @property reason - one clause
   */
  | { readonly kind: 'unasked'; readonly reason: string; readonly servers: ServersSeen };

/**
 * down: none could be found, or connected to. there: one was connected to, and refuses this host, with or without a word, breaks the protocol, or
 * is silent. untried: this host could not ask.
 */
export type ServersSeen = 'down' | 'there' | 'untried';
