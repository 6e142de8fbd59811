// From [[tenant]] and [queue] to how much mail of each tenant may wait in the queue.

import type { Config } from '../config/config.ts';
import { isLimit, type RoomLimits } from '../policy/room/room-gate.ts';
import type { RoomLimit } from '../policy/room/types.ts';

/** A tenant without keys of its own has those of [queue]. Mail of no tenant has no limit. */
export function queueLimits({ queue, tenant }: Pick<Config, 'queue' | 'tenant'>): RoomLimits {
  const { tenantMaxMessages, tenantMaxSize } = queue;
  const ofTenants = tenant.map(
    ({ name, queueMaxMessages = tenantMaxMessages, queueMaxSize = tenantMaxSize }): [string, RoomLimit] => [
      name,
      {
        ...(queueMaxMessages !== undefined && { messages: queueMaxMessages }),
        ...(queueMaxSize !== undefined && { bytes: queueMaxSize }),
      },
    ],
  );
  return { all: {}, tenants: new Map(ofTenants.filter(([, limit]) => isLimit(limit))) };
}
