// The envelope of a message that is being received.

import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { MailParameters } from '../protocol/smtp/server/server-types.ts';

/** A transaction whose MAIL was accepted; recipients are added with each accepted RCPT. */
export interface AcceptedTransaction {
  readonly client: string;
  readonly helo: string;
  readonly extended: boolean;
  readonly reversePath: string;
  readonly params: MailParameters;
  /** The name of the tenant; empty for mail of no tenant. */
  readonly tenant: string;
  /** Whether the client may relay. Then it may also set the priority. */
  readonly trusted: boolean;
  /** Whether a missing Date or Message-ID is added, unless the message was relayed before (RFC 6409 8). */
  readonly completed: boolean;
  /** MT-PRIORITY of a trusted client, else the tenant's priority; undefined for none. */
  readonly priority: number | undefined;
  readonly recipients: EnvelopeRecipient[];
}
