// In which queue a message for a recipient would be stored if it came now, and why: for `sluice explain`. As receivers choose it: by diversions, then by
// the record of the domain, then by [[assignment]].

import type { Config } from '../config/config.ts';
import type { StoredIn } from '../control/operations/explain.ts';
import type { KnownDomain } from '../policy/provisioning/provisioned-domains.ts';
import type { AssignmentRule } from '../policy/queues/assignment.ts';
import { diversionRule } from '../policy/queues/diversion-rule.ts';
import { explainAssignment, type KnownMail } from '../policy/queues/explain-assignment.ts';
import { assignmentRules } from '../settings/queues.ts';
import type { Diversion } from '../values/diversion.ts';
import { defaultQueue } from '../values/queue-name.ts';

/** What says in which queue mail is stored. */
export interface QueueChoices {
  readonly config: Pick<Config, 'assignment' | 'queues'>;
  /** Those in force, the oldest first. */
  readonly diversions: readonly Pick<Diversion, 'id' | 'queue' | 'conditions'>[];
  /** What is known of the recipient's domain. */
  readonly known: KnownDomain;
}

type Named = Pick<StoredIn, 'queue' | 'by'>;

/** Undefined where there is one queue alone. */
export function explainedQueue(
  { config, diversions, known }: QueueChoices,
  mail: KnownMail,
  address: string,
): StoredIn | undefined {
  if (config.queues.length === 0) return undefined;
  const names = [defaultQueue, ...config.queues.map(({ name }) => name)];
  const present = diversions.filter(({ queue }) => names.includes(queue));
  const choose = (
    rules: readonly AssignmentRule[],
    nameOf: (index: number) => string,
  ): { readonly chosen: Named | undefined; readonly unless: readonly Named[] } => {
    const { rule, unless } = explainAssignment(rules, mail, address);
    const named = (index: number): Named => ({
      queue: names[rules[index]?.store ?? 0] ?? defaultQueue,
      by: nameOf(index),
    });
    return { chosen: rule === undefined ? undefined : named(rule), unless: unless.map(named) };
  };
  const diverted = choose(
    present.map(({ conditions, queue }) => diversionRule(conditions, names.indexOf(queue))),
    (index) => `diversion ${present[index]?.id ?? ''}`,
  );
  const { unless } = diverted;
  if (diverted.chosen !== undefined) return storedIn(diverted.chosen, unless);
  if (known.kind === 'record' && known.record.queue !== undefined)
    return storedIn({ queue: known.record.queue, by: 'the record of its domain' }, unless);
  const assigned = choose(assignmentRules(config), (index) => `[[assignment]] ${index + 1}`);
  const { queue, by } = assigned.chosen ?? { queue: defaultQueue, by: 'no [[assignment]] matches' };
  const isKnown = known.kind === 'none' || known.kind === 'record';
  const now = isKnown ? by : `${by}; but it is answered 451 now. ${known.reason}`;
  return storedIn({ queue, by: now }, [...unless, ...assigned.unless]);
}

function storedIn(chosen: Named, unless: readonly Named[]): StoredIn {
  return { ...chosen, ...(unless.length > 0 && { unless }) };
}
