// One [[recipients]] as the rest of Sluice sees it: all paths are absolute.

import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import { formatDomainPattern } from '../values/domain.ts';
import { DomainTable } from '../values/domain-table.ts';
import { type CamelKeys, camelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { FileRoute } from './file-route.ts';
import { toRouteConfig } from './route-config.ts';
import { recipientChecks } from './schema/recipients.ts';

type FileRecipients = DeepReadonly<CamelKeys<z.output<typeof recipientChecks>>>[number];

/** `subaddress` is empty when none is set. */
export type RecipientsConfig = Omit<FileRecipients, 'subaddress'> & { readonly subaddress: string };

function toRecipientsConfig(recipients: FileRecipients, folder: string): RecipientsConfig {
  const { subaddress, control, home, ...rest } = recipients;
  if (control === undefined) return { ...rest, subaddress: subaddress ?? '' };
  const path = resolve(folder, control);
  return {
    ...rest,
    control: path,
    home: home === undefined ? dirname(dirname(path)) : resolve(folder, home),
    // The separator of qmail, unless it was built with another one (conf-break).
    subaddress: subaddress ?? '-',
  };
}

/**
 * All [[recipients]], and those that a backup MX has by itself: the primary servers are asked for the domains that no [[recipients]] names.
 * @param folder - where a relative path starts
 */
export function toRecipients(
  given: readonly FileRecipients[],
  routes: readonly FileRoute[],
  folder: string,
): readonly RecipientsConfig[] {
  const named = new DomainTable<true>();
  for (const { domain = [] } of given) for (const pattern of domain) named.set(pattern, true);
  const implied = routes.map(toRouteConfig).flatMap(({ backup, domain }) => {
    if (backup === undefined) return [];
    const unnamed = domain.filter((pattern) => named.mostSpecific(pattern.domain) === undefined);
    if (unnamed.length === 0) return [];
    return {
      domain: unnamed.map(formatDomainPattern),
      call_ahead:
        backup.recipients === 'any'
          ? { primary: true, any_recipient: true }
          : { primary: true, unlearned: backup.unlearned },
    };
  });
  const parsed = camelKeys(recipientChecks.parse(implied));
  return [...given, ...parsed].map((each) => toRecipientsConfig(each, folder));
}

/** One [recipients.call_ahead]. */
export type CallAheadConfig = NonNullable<RecipientsConfig['callAhead']>;
