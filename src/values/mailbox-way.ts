// Mailboxes of this host, as [mailboxes] of the configuration describes them. Plain data, which is sent between processes.

import type { QuotaLimits, SharedQuotas } from './shared-quotas.ts';

/** Folders by the extension of an address: none, those that are there, or any, which are made. */
export type ExtensionFolders = 'none' | 'existing' | 'create';

export interface QuotaSettings extends QuotaLimits {
  /** What becomes of mail for a mailbox that is full: it waits (4.2.2), or goes back to its sender (5.2.2). */
  readonly whenFull: 'wait' | 'return';
  /** With `return`: mail waits until the mailbox has been full for so long. */
  readonly graceMs: number;
  /** From so much of the quota on, the user gets a message that says so; 0: none. */
  readonly warnPercent: number;
}

export interface MailboxSettings {
  /** An absolute path in which `${domain}` and `${user}` stand for those of the user. */
  readonly path: string;
  /** Characters of which the first one in a local part begins an extension, as in `joe+lists`; empty for none. */
  readonly separators: string;
  readonly folders: ExtensionFolders;
  /** The name of the [[table]] with aliases; undefined: there are none. */
  readonly aliases?: string | undefined;
  readonly quota: QuotaSettings;
  /** Quotas that mailboxes share; not given: there are none. */
  readonly shared?: SharedQuotas;
}

/** As a route is described; the path follows. */
export const mailboxWayText = 'is delivered into the mailbox';

/** Mail is delivered into the mailboxes of users of the directory. */
export interface MailboxWay extends MailboxSettings {
  readonly kind: 'mailbox';
}

/** Whether a mailbox takes mail. `full`: mail waits (4.2.2); `closed`: it goes back (5.2.2); `room`: there is room again. */
export type MailboxState = 'full' | 'closed' | 'room';
