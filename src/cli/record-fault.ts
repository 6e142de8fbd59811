// Why the record of a domain cannot be used, for `sluice provision` and `sluice check`.

import { normalizeDomain } from '../address/domain.ts';
import type { Config } from '../config/config.ts';
import { type DomainRecord, readRecord } from '../policy/provisioning/record.ts';
import { routeNames } from '../settings/route-rules.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { ValueError } from '../values/value-error.ts';

/** In words, without a period; undefined: it can be used. @param name - its key in the table */
export function recordFault(
  config: Pick<Config, 'queues' | 'route'>,
  name: string,
  text: string,
): string | undefined {
  if (name.endsWith('.')) return 'write the domain without the dot at its end';
  if (normalizeDomain(name.replace(/^\*\./u, '')) === undefined)
    return 'its key is no domain, nor *. and a domain: no mail is for it';
  let record: DomainRecord;
  try {
    record = readRecord([text]);
  } catch (error) {
    if (error instanceof ValueError) return error.message;
    throw error;
  }
  const { queue, bounceRoute } = record;
  const queues = [defaultQueue, ...config.queues.map((each) => each.name)];
  if (queue !== undefined && !queues.includes(queue))
    return `there is no queue "${queue}"; there are ${queues.join(', ')}`;
  if (bounceRoute !== undefined && !routeNames(config.route).has(bounceRoute))
    return `there is no [[route]] with the name "${bounceRoute}"`;
  return undefined;
}
