// What the POP3 sessions of a listener work with.

import type { Directory } from '../directory/types.ts';
import type { Deadlines } from '../io/deadlines.ts';
import type { MailboxUser } from '../mailbox/mailbox-place.ts';
import type { Usage } from '../mailbox/quota/maildirsize.ts';
import type { Pop3SessionOptions } from '../protocol/pop3/server-types.ts';
import type { ListenerSecurity } from '../receive/listener-security.ts';
import type { TokenHints } from '../sasl/token-exchanges.ts';
import type { LoginDelays } from './login-delays.ts';
import type { MailboxTroubles } from './mailbox-troubles.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Pop3Log } from './pop3-log.ts';

/** Where the mailbox of a user is; a clause says why nobody can tell. */
export type FolderOf = (
  user: MailboxUser,
) => { readonly kind: 'place'; readonly path: string } | { readonly kind: 'fault'; readonly why: string };

export interface Pop3Settings {
  readonly session: Pop3SessionOptions;
  /** How long a client may be idle before the log-in, and after it (RFC 1939 3: at least 10 minutes). */
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Messages that were retrieved become seen, for programs that read the mailbox, too. */
  readonly marksSeen: boolean;
}

export interface Pop3Context {
  readonly settings: Pop3Settings;
  readonly deadlines: Deadlines;
  readonly log: Pop3Log;
  /** Undefined where there is no TLS. */
  readonly tls: ListenerSecurity | undefined;
  readonly directory: Directory;
  readonly hints: TokenHints;
  readonly folderOf: FolderOf;
  /** Told that a user has removed mail: the mailbox may have room again. */
  readonly freed: (user: string) => void;
  /** Told of what a user has removed, for quotas that mailboxes share. */
  readonly removed: (user: MailboxUser, what: Usage) => Promise<void>;
  readonly mailboxes: Mailboxes;
  readonly loginDelays: LoginDelays;
  readonly troubles: MailboxTroubles;
}
