// Which [[route]] each recipient takes by the rules, when a message comes in: for keys that sign mail of some routes alone. The message is
// signed before it is stored, and delivered later, maybe after a reload: the routes of then do not change its signatures.

import type { Config } from '../config/config.ts';
import type { RouteRule } from '../route/route-rule.ts';
import { RouteTable } from '../route/route-table.ts';
import type { RoutesOf } from '../signing/types.ts';
import { type RouteTables, routeRules } from './route-rules.ts';

/** @returns undefined where no key asks for routes */
export function signingRoutes({
  signingKey,
  ...tables
}: Pick<Config, 'signingKey'> & RouteTables): RoutesOf | undefined {
  if (signingKey.every((key) => key.route.length === 0)) return undefined;
  const table = new RouteTable(routeRules(tables));
  return (reversePath, recipients) => {
    const names = new Set<string>();
    for (const recipient of recipients) names.add(nameOf(table.ruleFor(reversePath, recipient)));
    return [...names];
  };
}

/** A rule without a name has its place in the configuration as one, which no key may mean. */
function nameOf(rule: RouteRule | undefined): string {
  return rule === undefined || rule.isUnnamed === true ? '' : rule.name;
}
