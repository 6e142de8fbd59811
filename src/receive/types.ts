// The settings of the receiving side, and the interface that takes accepted messages.

import type { SendingTurn } from '../policy/sending/types.ts';
import type { ServerSessionOptions } from '../protocol/smtp/server/server-types.ts';
import type { TlsDemand } from '../values/tls-policy.ts';
import type { StoredRef } from '../spool/types.ts';

/** A message on stable storage. The intake gets it before the client is answered 250. */
export interface AcceptedMessage {
  readonly queueId: string;
  readonly ref: StoredRef;
  readonly receivedAtMs: number;
  readonly sizeBytes: number;
  /** Only where the manager counts by it. Empty for a program of this host. */
  readonly client?: string | undefined;
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** The numbers of those that get copies for archives; undefined when there is none. */
  readonly copies?: readonly number[] | undefined;
  /** The names of the routes that stages chose, by the number of the recipient; undefined when there is none. */
  readonly routes?: readonly (string | undefined)[] | undefined;
  /** As in the envelope of the message. */
  readonly tenant?: string | undefined;
  readonly priority?: number | undefined;
  readonly quarantine?: string | undefined;
  readonly tlsDemand?: TlsDemand | undefined;
  readonly verp?: string | undefined;
  readonly user?: string | undefined;
  /** A sending limit paces it. */
  readonly turn?: SendingTurn | undefined;
}

/** Takes accepted messages, and slows clients down when it falls behind. */
export interface Intake {
  submitted(message: AcceptedMessage): void;
  /** Are more messages accepted than can be scheduled? Then clients wait for their 250. */
  readonly congested: boolean;
  whenDrained(callback: () => void): void;
}

/** What becomes of a session that names recipients that do not exist. */
export interface GuessSettings {
  /** So many are answered at once. */
  readonly free: number;
  /** Each further answer waits so long; 0: none waits. */
  readonly delayMs: number;
  /** The session ends with the next one; 0 for no limit. */
  readonly most: number;
  /** Can clients prove after they have connected that they may relay? Then those that rest are refused at MAIL, not before. */
  readonly awaitsProof: boolean;
}

export interface ReceiveSettings {
  readonly session: ServerSessionOptions;
  readonly hostname: string;
  /** The address that gets mail for the postmaster of this host; undefined when nobody does. */
  readonly postmaster: string | undefined;
  /** A message with this many Received lines or more is in a loop (RFC 5321 6.3). */
  readonly maxReceived: number;
  /** The name of the header field that sets the priority (RFC 6758); empty for none. */
  readonly priorityHeader: string;
  /** The time for a command. */
  readonly commandTimeoutMs: number;
  /** The time for the next piece of content. */
  readonly dataTimeoutMs: number;
  /** The time for the whole session. */
  readonly sessionTimeoutMs: number;
  /** Larger content goes to a file of its own while it arrives. */
  readonly largeMessageBytes: number;
  /** Content held in memory by all sessions of this process together. */
  readonly memoryLimitBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** At most `count` new connections of one client in any `perMs`. */
  readonly connectionRatePerClient: { readonly count: number; readonly perMs: number };
  readonly guessing: GuessSettings;
}
