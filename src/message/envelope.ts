// The envelope of one message, as the receiver accepted it and the spool keeps it. Plain data, never changed.

import type { TlsDemand } from '../values/tls-policy.ts';

/** `NOTIFY` of one recipient (RFC 3461 4.1): either `never`, or any of the three conditions. */
export interface DsnNotify {
  readonly never: boolean;
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
}

/** One recipient with the DSN parameters that came with RCPT. */
export interface EnvelopeRecipient {
  /** The forward path without angle brackets, e.g. `user@example.com` (RFC 5321 4.1.2); the domain is kept as given. */
  readonly address: string;
  /** Undefined when NOTIFY was not given: failures and delays are reported (RFC 3461 4.1). */
  readonly notify?: DsnNotify | undefined;
  /** It gets a copy for an archive, which a [[tap]] asks for: from the null sender, and nobody hears of a failure but the log. */
  readonly isCopy?: true | undefined;
  /** The decoded ORCPT parameter, `addr-type;address` (RFC 3461 4.2). */
  readonly originalRecipient?: string | undefined;
  /** Name of the [[route]] that a stage chose for it; undefined: the routing table decides. */
  readonly route?: string | undefined;
}

/** How the message came in. */
export interface Origin {
  /**
   * `bounce`: a report that this server wrote to the sender of a message; `notice`: a report to the postmaster about a `bounce`
   * that could not be delivered. Mail from outside is never one of these.
   */
  readonly via: 'smtp' | 'lmtp' | 'sendmail' | 'bounce' | 'notice';
  /** The client's IP address; empty for local submission and bounces. */
  readonly clientAddress: string;
  /** The client's name in HELO or EHLO; empty without one. */
  readonly helo: string;
}

/** The numbers of the recipients that get copies; undefined when there is none. */
export function copiesIn(recipients: readonly EnvelopeRecipient[]): readonly number[] | undefined {
  let copies: number[] | undefined;
  for (const [index, { isCopy }] of recipients.entries()) if (isCopy === true) (copies ??= []).push(index);
  return copies;
}

/** The names of the routes that stages chose, by the number of the recipient; undefined when there is none. */
export function routesIn(
  recipients: readonly EnvelopeRecipient[],
): readonly (string | undefined)[] | undefined {
  return recipients.some(({ route }) => route !== undefined)
    ? recipients.map(({ route }) => route)
    : undefined;
}

export interface Envelope {
  /** Never used again on this host; see docs/spool-format.md. */
  readonly queueId: string;
  /** Unix time in milliseconds of the acceptance. */
  readonly receivedAtMs: number;
  /** The reverse path without angle brackets; empty for the null sender (RFC 5321 4.5.5). */
  readonly reversePath: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** BODY parameter (RFC 6152); `7BIT` if it was not given. */
  readonly body: '7BIT' | '8BITMIME';
  /** SMTPUTF8 was given on MAIL (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** RET (RFC 3461 4.3). */
  readonly ret?: 'FULL' | 'HDRS' | undefined;
  /** Decoded ENVID (RFC 3461 4.4). */
  readonly envelopeId?: string | undefined;
  /** Name of the tenant; undefined: the mail belongs to no tenant. */
  readonly tenant?: string | undefined;
  /** MT-PRIORITY (RFC 6710), -9 to 9; undefined counts as 0. */
  readonly priority?: number | undefined;
  /** REQUIRETLS, or the field `TLS-Required: No` (RFC 8689); undefined: neither. */
  readonly tlsDemand?: TlsDemand | undefined;
  /** XVERP of Postfix: delimiters of a sender for each recipient (VERP), which its sender asked for. */
  readonly verp?: string | undefined;
  /** Who the client had proved to be, by AUTH or as a front end told it; undefined: nobody. */
  readonly user?: string | undefined;
  /** Its recipients were found by aliases: no table of aliases is asked about them again. */
  readonly isExpanded?: true | undefined;
  /** Why the message is held from its acceptance until an operator releases it; undefined: it is not. */
  readonly quarantine?: string | undefined;
  readonly origin: Origin;
}

/** A message without its content. */
export interface MessageHead {
  readonly envelope: Envelope;
  /** Bytes of the whole message as it will be sent. */
  readonly sizeBytes: number;
}
