// Converts [queues.NAME] and [[assignment]] to the rules of receivers and of the scheduler, with stores by their numbers.

import type { Config } from '../config/config.ts';
import type { AssignmentRule } from '../policy/queues/assignment.ts';
import type { LimitRule } from '../schedule/limits/types.ts';
import type { OwnQueue } from '../schedule/scheduler-config.ts';
import { parseHeaderCondition } from '../values/header-condition.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { parseResultCondition } from '../values/result-condition.ts';

/** In the order of the file. What names a queue that is not there yet, before a restart, is left out. */
export function assignmentRules({
  assignment,
  queues,
}: Pick<Config, 'assignment' | 'queues'>): AssignmentRule[] {
  const numbers = new Map(queues.map(({ name }, index) => [name, index + 1]));
  return assignment.flatMap(({ queue, results, header, ...conditions }) => {
    const store = queue === defaultQueue ? 0 : numbers.get(queue);
    if (store === undefined) return [];
    return [
      {
        store,
        ...conditions,
        ...(results !== undefined && { results: results.map(parseResultCondition) }),
        ...(header !== undefined && { headers: header.map(parseHeaderCondition) }),
      },
    ];
  });
}

/** What queues have of their own, for the scheduler; undefined where there is only the default queue, as it always was. */
export function ownQueues({ queue, queues }: Pick<Config, 'queue' | 'queues'>): OwnQueue[] | undefined {
  if (queues.length === 0 && queue.source === undefined) return undefined;
  return [
    { name: defaultQueue, sources: queue.source },
    ...queues.map(({ name, weight, source = queue.source, heloName }) => ({
      name,
      weight,
      sources: source,
      heloName,
    })),
  ];
}

/** max_connections of each queue that has it. */
export function queueLimitRules({ queues }: Pick<Config, 'queues'>): LimitRule[] {
  return queues.flatMap(({ name, maxConnections }): LimitRule[] => {
    if (maxConnections === undefined) return [];
    const id = `queue ${name}`;
    const origin = `max_connections of [queues.${name}]`;
    const match = { queue: [name] };
    return [{ id, name: id, origin, per: [], match, isOverride: false, connections: maxConnections }];
  });
}
