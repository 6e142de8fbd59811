// What is tried by `sluice policy try`, and what came of it. Plain data, which travels between processes.

import type { Point } from '../../policy/stage.ts';

/** Mail that nobody hands in. */
export interface TrialMail {
  /** Without brackets; empty for the null reverse-path. */
  readonly from: string;
  readonly to: readonly string[];
  /** IP address; empty for a program of this host. */
  readonly client: string;
  /** Its name in the reverse DNS; undefined: it is looked up where a stage asks for it. */
  readonly clientName?: string | undefined;
  readonly helo: string;
  /** Who has logged in. Undefined: nobody. */
  readonly user?: string | undefined;
  /** The address of a listener as configured; undefined: the first one. */
  readonly listener?: string | undefined;
  /** Whether the client begins TLS, where it does not begin with TLS anyway. */
  readonly tls: boolean;
}

/** One stage that was asked. */
export interface StageRun {
  readonly stage: string;
  readonly point: Point;
  readonly ms: number;
  /** The kind of its verdict, or of the one in its place when it has failed. */
  readonly verdict: string;
  /** The reply of a refusal, or the reason of a verdict that has one. */
  readonly text?: string | undefined;
  /** Its edits, each as a line. */
  readonly edits: readonly string[];
  readonly result?: Readonly<Record<string, string>> | undefined;
  /** Why it failed: a clause. */
  readonly failure?: string | undefined;
}

/** One command of the session, and what followed. */
export interface TrialStep {
  /** `connect`, or what the client says; `(content)` for the message. */
  readonly command: string;
  /** Lines as the client gets them; empty when the connection was closed without a reply. */
  readonly reply: readonly string[];
  readonly stages: readonly StageRun[];
}

export interface TrialRecipient {
  readonly address: string;
  /** It gets a copy for an archive. */
  readonly isCopy: boolean;
}

/** The message as it would be stored. */
export interface TrialAccepted {
  readonly kind: 'accepted';
  readonly from: string;
  readonly to: readonly TrialRecipient[];
  /** Empty for no tenant. */
  readonly tenant: string;
  readonly priority?: number | undefined;
  /** Why it would be held. */
  readonly quarantine?: string | undefined;
  /** When a sending limit would let it out: a date, Unix ms. */
  readonly turnAt?: number | undefined;
  readonly sizeBytes: number;
  /** The header as it would leave, with CRLF; cut after 256 KiB. */
  readonly header: string;
}

export type TrialOutcome =
  | TrialAccepted
  | { readonly kind: 'discarded'; readonly stage: string; readonly reason: string }
  /** @property stage - empty when it was none */
  | { readonly kind: 'refused'; readonly command: string; readonly reply: string; readonly stage: string };

export interface TrialReport {
  /** The listener, as configured. */
  readonly listener: string;
  readonly steps: readonly TrialStep[];
  readonly outcome: TrialOutcome;
  /** Recipients that were refused; others may be accepted. */
  readonly refusedRecipients: readonly {
    readonly address: string;
    readonly reply: string;
    readonly stage: string;
  }[];
}
