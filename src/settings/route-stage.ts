// From [[route]] tables with conditions to the stage that looks at each message by them.

import type { Config, RouteConfig } from '../config/config.ts';
import { type ConditionalRoute, RouteStage } from '../policy/stages/route-stage.ts';
import { DomainTable } from '../values/domain-table.ts';
import { parseHeaderCondition } from '../values/header-condition.ts';
import { parseResultCondition } from '../values/result-condition.ts';

/** Undefined where no route has conditions. */
export function routeStage({ route: all }: Pick<Config, 'route'>): RouteStage | undefined {
  const routes = all.flatMap((each) => conditional(each) ?? []);
  return routes.length === 0 ? undefined : new RouteStage(routes);
}

function conditional({ name = '', conditions, domain, sender }: RouteConfig): ConditionalRoute | undefined {
  if (conditions === undefined) return undefined;
  const { recipient, user, tenant, sizeOver, sizeUnder, header, results, clientTls } = conditions;
  return {
    name,
    domains: domain.length === 0 ? undefined : tableOf(domain),
    senders: sender.length === 0 ? undefined : sender,
    recipients: recipient,
    users: user?.map((each) => each.toLowerCase()),
    tenants: tenant,
    sizeOver,
    sizeUnder,
    headers: header?.map(parseHeaderCondition),
    results: results?.map(parseResultCondition),
    clientTls,
  };
}

function tableOf(patterns: RouteConfig['domain']): DomainTable<true> {
  const table = new DomainTable<true>();
  for (const pattern of patterns) table.set(pattern, true);
  return table;
}
