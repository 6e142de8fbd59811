// One [[recipients]] as the rest of Sluice sees it: all paths are absolute.

import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import { formatDomainPattern } from '../values/domain.ts';
import { DomainTable } from '../values/domain-table.ts';
import { type CamelKeys, camelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { RouteConfig } from './route-config.ts';
import { recipientChecks } from './schema/recipients.ts';

export type FileRecipients = DeepReadonly<CamelKeys<z.output<typeof recipientChecks>>>[number];

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
 * All [[recipients]], and those of domains that no [[recipients]] names: for a backup MX, the primary servers are asked; for mailboxes, the directory
 * and their aliases; for users of the system, the system.
 * @param folder - where a relative path starts
 */
export function toRecipients(
  given: readonly FileRecipients[],
  routes: readonly RouteConfig[],
  folder: string,
): readonly RecipientsConfig[] {
  const named = new DomainTable<true>();
  for (const { domain = [] } of given) for (const pattern of domain) named.set(pattern, true);
  const implied = routes.flatMap((route) => {
    const source = impliedBy(route);
    if (source === undefined) return [];
    const unnamed = route.domain.filter((pattern) => named.mostSpecific(pattern.domain) === undefined);
    return unnamed.length === 0 ? [] : { domain: unnamed.map(formatDomainPattern), ...source };
  });
  const parsed = camelKeys(recipientChecks.parse(implied));
  const aliased = given.map((each) => withAliases(each, routes));
  return [...aliased, ...parsed].map((each) => toRecipientsConfig(each, folder));
}

/** What RCPT knows must be what delivery knows: the aliases of [mailboxes] count for their domains, unless others are named. */
function withAliases(recipients: FileRecipients, routes: readonly RouteConfig[]): FileRecipients {
  const { domain = [], aliases, callAhead, control } = recipients;
  if (aliases !== undefined || callAhead !== undefined || control !== undefined) return recipients;
  for (const route of routes) {
    if (!('way' in route) || route.way.kind !== 'mailbox' || route.way.aliases === undefined) continue;
    const ofRoute = new DomainTable<true>();
    for (const pattern of route.domain) ofRoute.set(pattern, true);
    if (domain.some((pattern) => ofRoute.mostSpecific(pattern.domain) !== undefined))
      return { ...recipients, aliases: route.way.aliases };
  }
  return recipients;
}

/** Who knows the recipients of the domains of a route. */
function impliedBy(route: RouteConfig) {
  if ('way' in route && route.way.kind === 'mailbox') {
    const { aliases, separators } = route.way;
    return {
      directory: true,
      ...(separators !== '' && { subaddress: separators }),
      ...(aliases !== undefined && { aliases }),
    };
  }
  if ('way' in route && route.way.kind === 'local') return { local: true };
  if (route.backup === undefined) return undefined;
  return {
    call_ahead:
      route.backup.recipients === 'any'
        ? { primary: true, any_recipient: true }
        : { primary: true, unlearned: route.backup.unlearned },
  };
}

/** One [recipients.call_ahead]. */
export type CallAheadConfig = NonNullable<RecipientsConfig['callAhead']>;
