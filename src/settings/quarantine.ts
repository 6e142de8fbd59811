// From [quarantine] and [[tenant]] to the limits of the quarantine.

import type { Config } from '../config/config.ts';
import { isLimit, type QuarantineLimits } from '../policy/quarantine/quarantine-gate.ts';
import type { QuarantineLimit } from '../policy/quarantine/types.ts';

export function quarantineLimits({
  quarantine,
  tenant,
}: Pick<Config, 'quarantine' | 'tenant'>): QuarantineLimits {
  const ofTenants = tenant.map(
    ({ name, quarantineMaxMessages: messages, quarantineMaxSize: bytes }): [string, QuarantineLimit] => [
      name,
      { messages, bytes },
    ],
  );
  return {
    all: { messages: quarantine.maxMessages, bytes: quarantine.maxSize },
    tenants: new Map(ofTenants.filter(([, limit]) => isLimit(limit))),
  };
}
