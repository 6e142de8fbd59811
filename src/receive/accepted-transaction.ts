// The envelope of a message while it comes in.

import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { MailParameters } from '../protocol/smtp/server/server-types.ts';

/** A transaction whose MAIL and at least one RCPT were accepted. */
export interface AcceptedTransaction {
  readonly client: string;
  readonly helo: string;
  readonly extended: boolean;
  readonly reversePath: string;
  readonly params: MailParameters;
  /** Name of the tenant; empty: mail of no tenant. */
  readonly tenant: string;
  /** The client may relay: it gets the priority that it asks for. */
  readonly trusted: boolean;
  /** The client hands mail in for the first time: a missing Date or Message-ID is added (RFC 6409 8). */
  readonly completed: boolean;
  /** What MT-PRIORITY asked for if the client is trusted, else the tenant's; undefined: none. */
  readonly priority: number | undefined;
  readonly recipients: EnvelopeRecipient[];
}
