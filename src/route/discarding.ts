// The plan of routes that discard mail: one site for all of them, whose only hop is a part of Sluice.

import { discardHop } from './next-hop.ts';
import { staticTtlSeconds, type Outcome } from './outcome.ts';

export const discarding: Outcome = {
  plan: { kind: 'relay', site: 'discard', label: 'discard', addresses: [discardHop] },
  ttlSeconds: staticTtlSeconds,
};
