// Where mail goes, and which recipients there are: the [[route]] tables and tables of routes, the mailboxes of this host, and the [[recipients]],
// which routes imply where none are given.

import type { MailboxSettings } from '../values/mailbox-way.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { FileRoute } from './file-route.ts';
import { type FileMailboxes, toMailboxes } from './mailboxes-config.ts';
import { type FileRecipients, type RecipientsConfig, toRecipients } from './recipients-config.ts';
import { type RouteConfig, toRouteConfig } from './route-config.ts';
import { type FileTables, toTables, type WithTables } from './route-table-config.ts';

export interface WithDestinations extends WithTables {
  readonly route: readonly RouteConfig[];
  /** Where the mailboxes of this host are. */
  readonly mailboxes: MailboxSettings;
  readonly recipients: readonly RecipientsConfig[];
}

type FileDestinations = DeepReadonly<{
  route: FileRoute[];
  mailboxes: FileMailboxes;
  recipients: FileRecipients[];
}> &
  FileTables;

/** @param folder - where a relative path starts */
export function toDestinations(content: FileDestinations, folder: string): WithDestinations {
  const mailboxes = toMailboxes(content.mailboxes, folder);
  const route = content.route.map((each) => toRouteConfig(each, mailboxes));
  return {
    route,
    mailboxes,
    recipients: toRecipients(content.recipients, route, folder),
    ...toTables(content, folder),
  };
}
