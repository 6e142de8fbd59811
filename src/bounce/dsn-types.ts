// The input and output of building a delivery status notification. Plain data.

import type { Origin } from '../message/envelope.ts';
import type { Refusal } from '../message/refusal.ts';
import type { ReportTexts } from '../values/report-texts.ts';
import type { DsnAction } from './wants-report.ts';

/** One recipient that is reported. */
export interface DsnRecipient {
  /** The forward path that delivery was tried to. */
  readonly address: string;
  /** The decoded ORCPT, `addr-type;address` (RFC 3461 4.2). */
  readonly originalRecipient?: string | undefined;
  readonly action: DsnAction;
  /** RFC 3463, e.g. `5.1.1`; see `failureStatus`. */
  readonly status: string;
  /** Why it failed or waits. */
  readonly refusal?: Refusal | undefined;
  /** Name of the server that took the mail, for `relayed` and `delivered`; `expanded` has none. */
  readonly remoteMta?: string | undefined;
  /** Unix time in ms. */
  readonly lastAttemptMs?: number | undefined;
  /** Unix time in ms; for `delayed`. */
  readonly willRetryUntilMs?: number | undefined;
}

/** The message that is reported about, CRLF line ends, in pieces. */
export interface DsnOriginal {
  readonly kind: 'full' | 'headers';
  readonly content: readonly Uint8Array[];
}

export interface DsnOptions {
  /** Name of this host. */
  readonly reportingMta: string;
  /** Queue id of the message that is reported about. */
  readonly queueId: string;
  /** Unix time in ms of its acceptance. */
  readonly arrivalMs: number;
  /** Unix time in ms for the Date of the report. */
  readonly nowMs: number;
  /** The address that the report goes to, usually the reverse path of the message; never empty. */
  readonly sender: string;
  /** The decoded ENVID (RFC 3461 4.4). */
  readonly envelopeId?: string | undefined;
  /** RET (RFC 3461 4.3): with `HDRS` only the header is returned. */
  readonly ret?: 'FULL' | 'HDRS' | undefined;
  /** It came with SMTPUTF8 (RFC 6531), so that its sender's system can read UTF-8 in reports. */
  readonly smtpUtf8?: boolean | undefined;
  /** The client that handed the message in, by its own name and its address; undefined when no other host did. */
  readonly receivedFrom?: Pick<Origin, 'clientAddress' | 'helo'> | undefined;
  /** At least one. */
  readonly recipients: readonly DsnRecipient[];
  readonly original: DsnOriginal;
  /** A larger original is cut down to its header; 64 KiB when not given. */
  readonly maxOriginalBytes?: number | undefined;
  /** Address of the report's From, e.g. `MAILER-DAEMON@mx.example.org`. */
  readonly from: string;
  /** MIME boundary; changed as far as needed to be valid and to occur in no part. */
  readonly boundary: string;
  /** For people; English when not given. */
  readonly texts?: ReportTexts | undefined;
  /** Message-ID of the report, with or without angle brackets. */
  readonly messageId: string;
}

/** A report, ready to be queued with the null reverse path (RFC 3464 2). */
export interface Dsn {
  /** CRLF line ends. */
  readonly content: Uint8Array[];
  /** The forward path. */
  readonly recipient: string;
  /** BODY for its envelope (RFC 6152). */
  readonly body: '7BIT' | '8BITMIME';
  /** SMTPUTF8 for its envelope: the sender's address is not ASCII (RFC 6531). */
  readonly smtpUtf8: boolean;
}
