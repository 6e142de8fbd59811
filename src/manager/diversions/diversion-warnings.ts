// What an operator who diverts mail may not have meant: names that the configuration does not have, so that nothing is diverted, and a queue that is
// stopped, so that the mail is refused.

import type { Config } from '../../config/config.ts';
import type { NewDiversion } from '../../control/operations/diversions.ts';
import { parseResultCondition } from '../../values/result-condition.ts';

/** What Sluice finds out by itself, beside the stages. */
const ownStage = 'verification';

/** @param isStopped - its queue is. @returns sentences */
export function diversionWarnings(
  { queue, conditions: { tenant = [], results = [] } }: Pick<NewDiversion, 'queue' | 'conditions'>,
  config: Pick<Config, 'tenant' | 'stage'>,
  isStopped: boolean,
): readonly string[] {
  const tenants = config.tenant.map(({ name }) => name);
  const stages = [...config.stage.map(({ name }) => name), ownStage];
  const asked = new Set(results.map((text) => parseResultCondition(text).stage));
  return [
    ...tenant
      .filter((name) => name !== '' && !tenants.includes(name))
      .map((name) => `There is no tenant ${JSON.stringify(name)}; ${listed('tenants', tenants)}.`),
    ...[...asked]
      .filter((name) => !stages.includes(name))
      .map((name) => `There is no stage ${JSON.stringify(name)}; ${listed('stages', stages)}.`),
    ...(isStopped
      ? [
          `The queue ${queue} is stopped: what is diverted is answered 451, until "sluice queue start --queue ${queue}".`,
        ]
      : []),
  ];
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? `there are no ${what}` : `there are ${names.slice(0, 50).join(', ')}`;
}
