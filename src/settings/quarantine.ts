// From [quarantine] and [[tenant]] to the limits of the quarantine.

import type { Config } from '../config/config.ts';
import { isLimit, type RoomLimits } from '../policy/room/room-gate.ts';
import type { RoomLimit } from '../policy/room/types.ts';

export function quarantineLimits({ quarantine, tenant }: Pick<Config, 'quarantine' | 'tenant'>): RoomLimits {
  const ofTenants = tenant.map(
    ({ name, quarantineMaxMessages: messages, quarantineMaxSize: bytes }): [string, RoomLimit] => [
      name,
      { messages, bytes },
    ],
  );
  return {
    all: { messages: quarantine.maxMessages, bytes: quarantine.maxSize },
    tenants: new Map(ofTenants.filter(([, limit]) => isLimit(limit))),
  };
}
