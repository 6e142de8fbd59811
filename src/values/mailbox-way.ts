// Mailboxes of this host, as [mailboxes] of the configuration describes them. Plain data, which is sent between processes.

export interface MailboxSettings {
  /** An absolute path in which `${domain}` and `${user}` stand for those of the user. */
  readonly path: string;
  /** Characters of which the first one in a local part begins an extension, as in `joe+lists`; empty for none. */
  readonly separators: string;
}

/** Mail is delivered into the mailboxes of users of the directory. */
export interface MailboxWay extends MailboxSettings {
  readonly kind: 'mailbox';
}
