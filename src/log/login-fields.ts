// Fields of the events of log-ins, and of what users do with their mailboxes.

import type { LogFields } from './event.ts';

type Text = string | undefined;

export interface AuthenticatedFields extends LogFields {
  readonly client: string;
  readonly login: string;
  readonly mechanism: string;
  readonly application?: Text;
  /** `pop3`; left out for SMTP. */
  readonly protocol?: Text;
}

export interface AuthenticationFailedFields extends LogFields {
  readonly client: string;
  readonly login: string;
  readonly mechanism: string;
  readonly reason: string;
  /** As for `authenticated`. */
  readonly protocol?: Text;
}

export interface Pop3SessionFields extends LogFields {
  readonly client: string;
  readonly login: string;
  /** In the mailbox, when the session began. */
  readonly messages: number;
  readonly retrieved: number;
  readonly retrievedBytes: number;
  readonly deleted: number;
  /** Why it ended without QUIT. */
  readonly reason?: Text;
  readonly sessionMs: number;
}
