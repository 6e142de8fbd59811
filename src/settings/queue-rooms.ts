// From [queue] and [queues.NAME] to how much mail may wait in each queue.

import type { Config } from '../config/config.ts';
import { isLimit } from '../policy/room/room-gate.ts';
import type { RoomLimit } from '../policy/room/types.ts';
import { defaultQueue } from '../values/queue-name.ts';

/** By names of queues; those without a limit are left out. */
export function queueRooms({
  queue,
  queues,
}: Pick<Config, 'queue' | 'queues'>): ReadonlyMap<string, RoomLimit> {
  const limits = [{ ...queue, name: defaultQueue }, ...queues].map(
    ({ name, maxMessages, maxSize }): [string, RoomLimit] => [
      name,
      { messages: maxMessages, bytes: maxSize },
    ],
  );
  return new Map(limits.filter(([, limit]) => isLimit(limit)));
}
