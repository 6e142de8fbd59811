// From [[diversion]] tables to the rules by which the manager watches for storms, and the delays that receivers measure.

import type { Config } from '../config/config.ts';
import type { StormMeasure, StormRule } from '../policy/queues/storm-rule.ts';
import { formatDomainPattern } from '../values/domain.ts';
import { DomainSet } from '../values/domain-set.ts';

/** What a stage may be slow: half of its answers. */
const slowShare = 0.5;

export function stormRules({ diversion }: Pick<Config, 'diversion'>): StormRule[] {
  return diversion.map((each) => {
    const { name, queue, per, domain, tenant, calm, calmFor, lasts } = each;
    return {
      name,
      queue,
      per,
      measure: measureOf(each),
      domains: domain === undefined ? undefined : new DomainSet(domain),
      domain: domain?.map(formatDomainPattern),
      tenant,
      calm,
      calmForMs: calmFor,
      atLeastMs: lasts,
    };
  });
}

/** The shortest delay of each stage that a rule measures; empty where none does. */
export function measuredDelays({ diversion }: Pick<Config, 'diversion'>): ReadonlyMap<string, number> {
  const delays = new Map<string, number>();
  for (const { stage, delay } of diversion)
    if (stage !== undefined && delay !== undefined)
      delays.set(stage, Math.min(delay, delays.get(stage) ?? Infinity));
  return delays;
}

function measureOf(each: Config['diversion'][number]): StormMeasure {
  const { rate, failures, stage = '', window: perMs, atLeast: least } = each;
  if (rate !== undefined) return { kind: 'rate', ...rate };
  if (failures !== undefined) return { kind: 'failures', share: failures, least, perMs };
  return { kind: 'delay', stage, share: slowShare, least, perMs };
}
