// Converts [[assignment]] tables to the rules of receivers, with stores by their numbers.

import type { Config } from '../config/config.ts';
import type { AssignmentRule } from '../policy/queues/assignment.ts';
import { defaultQueue } from '../values/queue-name.ts';

/** In the order of the file. What names a queue that is not there yet, before a restart, is left out. */
export function assignmentRules({
  assignment,
  queues,
}: Pick<Config, 'assignment' | 'queues'>): AssignmentRule[] {
  const numbers = new Map(queues.map(({ name }, index) => [name, index + 1]));
  return assignment.flatMap(({ queue, ...conditions }) => {
    const store = queue === defaultQueue ? 0 : numbers.get(queue);
    return store === undefined ? [] : [{ store, ...conditions }];
  });
}
