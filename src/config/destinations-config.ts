// Where mail goes, and which recipients there are: the [[route]] tables and tables of routes, the mailboxes of this host, and the [[recipients]],
// which routes imply where none are given.

import type { MailboxSettings } from '../values/mailbox-way.ts';
import type { SystemSettings } from '../values/system-way.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { FileRoute } from './file-route.ts';
import { type FileLocal, toLocal } from './local-config.ts';
import { type FileMailboxes, type TenantQuota, toMailboxes } from './mailboxes-config.ts';
import { type FileRecipients, type RecipientsConfig, toRecipients } from './recipients-config.ts';
import { type RouteConfig, toRouteConfig } from './route-config.ts';
import { type FileTables, toTables, type WithTables } from './route-table-config.ts';

export interface WithDestinations extends WithTables {
  readonly route: readonly RouteConfig[];
  /** Where the mailboxes of this host are. */
  readonly mailboxes: MailboxSettings;
  /** How mail for users of the system is delivered. */
  readonly local: SystemSettings;
  readonly recipients: readonly RecipientsConfig[];
}

type FileDestinations = DeepReadonly<{
  route: FileRoute[];
  mailboxes: FileMailboxes;
  local: FileLocal;
  tenant: TenantQuota[];
  recipients: FileRecipients[];
}> &
  FileTables;

/** @param folder - where a relative path starts */
export function toDestinations(content: FileDestinations, folder: string): WithDestinations {
  const mailboxes = toMailboxes(content.mailboxes, content.tenant, folder);
  const local = toLocal(content.local);
  const route = content.route.map((each) => toRouteConfig(each, { mailboxes, local }));
  return {
    route,
    mailboxes,
    local,
    recipients: toRecipients(content.recipients, route, folder),
    ...toTables(content, folder),
  };
}
