// From [provisioning] to the records of domains, for whoever takes mail in.

import type { Config } from '../config/config.ts';
import { ProvisionedDomains } from '../policy/provisioning/provisioned-domains.ts';
import { allFailing } from '../table/table.ts';
import type { Tables } from '../table/tables.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { routeNames } from './route-rules.ts';

/** Undefined: nothing is special about any domain. */
export function provisionedDomains(
  { provisioning: { table: name }, queues, route }: Pick<Config, 'provisioning' | 'queues' | 'route'>,
  tables: Pick<Tables, 'get'>,
): ProvisionedDomains | undefined {
  if (name === undefined) return undefined;
  const table = tables.get(name) ?? {
    name,
    lookup: (keys: readonly string[]) => allFailing(keys, 'it is not open'),
  };
  const names = {
    queues: new Set([defaultQueue, ...queues.map((each) => each.name)]),
    routes: routeNames(route),
  };
  return new ProvisionedDomains(table, () => names);
}
