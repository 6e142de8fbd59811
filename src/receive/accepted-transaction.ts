// The envelope of a message while it comes in.

import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { MailParameters } from '../protocol/smtp/server/server-session.ts';

/** A transaction whose MAIL and at least one RCPT were accepted. */
export interface AcceptedTransaction {
  readonly client: string;
  readonly helo: string;
  readonly extended: boolean;
  readonly reversePath: string;
  readonly params: MailParameters;
  readonly recipients: EnvelopeRecipient[];
}
