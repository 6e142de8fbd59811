// Warnings of keys that also sign by DomainKeys: who sets that should know what it is worth.

import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

export function signingWarnings({ signingKey }: Pick<Config, 'signingKey'>): ConfigWarning[] {
  return signingKey
    .filter(({ domainKeys }) => domainKeys)
    .map(({ place }) => ({
      path: [...place.slice(0, -1), 'domainkeys'],
      message:
        'DomainKeys sign with SHA-1, which RFC 8301 forbids for DKIM, and no large receiver looks at them; leave it out unless a receiver insists, and use a key of its own for it',
    }));
}
