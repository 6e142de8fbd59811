// What the receiving side needs to know: limits, times, and who is told of an accepted message.

import type { ServerSessionOptions } from '../protocol/smtp/server/server-types.ts';
import type { StoredRef } from '../spool/types.ts';

/** Told once the message is on stable storage, before the client hears 250. */
export interface AcceptedMessage {
  readonly queueId: string;
  readonly ref: StoredRef;
  readonly receivedAtMs: number;
  readonly sizeBytes: number;
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** As in its envelope. */
  readonly tenant?: string | undefined;
  readonly priority?: number | undefined;
}

/** Takes accepted messages on; slows clients down when it falls behind. */
export interface Intake {
  submitted(message: AcceptedMessage): void;
  /** More accepted messages than can be scheduled: clients wait for their 250. */
  readonly congested: boolean;
  whenDrained(callback: () => void): void;
}

export interface ReceiveSettings {
  readonly session: ServerSessionOptions;
  readonly hostname: string;
  /** Who gets mail for the postmaster of this host; undefined: nobody does. */
  readonly postmaster: string | undefined;
  /** Received lines beyond this are a loop (RFC 5321 6.3). */
  readonly maxReceived: number;
  /** Name of the header field that asks for a priority (RFC 6758); empty: none does. */
  readonly priorityHeader: string;
  /** Ms without a command, without a piece of content, and for the session as a whole. */
  readonly commandTimeoutMs: number;
  readonly dataTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** Content beyond this goes to a file of its own while it arrives. */
  readonly largeMessageBytes: number;
  /** Content held in memory by all sessions of this process together. */
  readonly memoryLimitBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** New connections of one client: `count` in `perMs`. */
  readonly connectionRatePerClient: { readonly count: number; readonly perMs: number };
}
