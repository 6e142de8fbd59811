// Warnings of aliases that RCPT accepts and delivery does not know.

import { formatDomainPattern } from '../../values/domain.ts';
import { DomainTable } from '../../values/domain-table.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

export function aliasWarnings({ mailboxes, recipients, route }: Config): ConfigWarning[] {
  const ofMailboxes = new DomainTable<true>();
  for (const each of route)
    if (each.kind === 'mailbox') for (const pattern of each.domain) ofMailboxes.set(pattern, true);
  return recipients.flatMap(({ aliases, domain = [] }, index) => {
    if (aliases === undefined || aliases === mailboxes.aliases) return [];
    const pattern = domain.find((each) => ofMailboxes.mostSpecific(each.domain) !== undefined);
    if (pattern === undefined) return [];
    const what = mailboxes.aliases === undefined ? 'has none' : `names ${JSON.stringify(mailboxes.aliases)}`;
    const message = `mail of ${formatDomainPattern(pattern)} is delivered into mailboxes here by the aliases of [mailboxes], which ${what}: mail for names that are only in ${JSON.stringify(aliases)} is accepted, and goes back; name this table there`;
    return [{ path: ['recipients', index, 'aliases'], message }];
  });
}
