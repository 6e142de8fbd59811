// Which of our own addresses the connections of a route come from: a part of its rule and of its hops.

import { isSocketHop } from './next-hop.ts';
import type { Outcome } from './outcome.ts';

/** The plan whose hosts are reached from these addresses alone. */
export function fromSources(outcome: Outcome, sources: readonly string[]): Outcome {
  const { plan } = outcome;
  if (plan.kind !== 'relay') return outcome;
  const addresses = plan.addresses.map((hop) => (isSocketHop(hop) ? { ...hop, sources } : hop));
  // Connections are shared by plans with equal sources only.
  return {
    ...outcome,
    plan: { ...plan, addresses, security: `${plan.security ?? ''}+from${sources.join(',')}` },
  };
}
