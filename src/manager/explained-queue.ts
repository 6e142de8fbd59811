// In which queue a message for a recipient would be stored if it came now, and why: for `sluice explain`.

import type { Config } from '../config/config.ts';
import type { StoredIn } from '../control/operations/explain.ts';
import { explainAssignment, type KnownMail } from '../policy/queues/explain-assignment.ts';
import { assignmentRules } from '../settings/queues.ts';
import { defaultQueue } from '../values/queue-name.ts';

/** Undefined where there is one queue alone. */
export function explainedQueue(
  config: Pick<Config, 'assignment' | 'queues'>,
  mail: KnownMail,
  address: string,
): StoredIn | undefined {
  if (config.queues.length === 0) return undefined;
  const rules = assignmentRules(config);
  const { store, rule, unless } = explainAssignment(rules, mail, address);
  const nameOf = (number: number): string => config.queues[number - 1]?.name ?? defaultQueue;
  return {
    queue: nameOf(store),
    by: rule === undefined ? 'no [[assignment]] matches' : nameOfRule(rule),
    ...(unless.length > 0 && {
      unless: unless.map((index) => ({ queue: nameOf(rules[index]?.store ?? 0), by: nameOfRule(index) })),
    }),
  };
}

function nameOfRule(index: number): string {
  return `[[assignment]] ${index + 1}`;
}
