// Whether a route rewrites foreign senders (SRS), in its route key: mail of such a route has a plan, and so connections, of its own, and
// no transaction has recipients of which some want the sender rewritten. Nothing else knows of it: where no route does so, no key changes.

import { isSocketHop } from './next-hop.ts';
import type { Outcome } from './outcome.ts';

/** No plan key begins like this. What a message asks for about TLS (`security/demand.ts`) comes before it. */
const mark = 'srs!';

/** The key of the same route with foreign senders rewritten. */
export function withRewriting(key: string): string {
  return `${mark}${key}`;
}

/** @param key - without a demand about TLS */
export function rewritesSenders(key: string): boolean {
  return key.startsWith(mark);
}

/** The key without the mark. @param key - without a demand about TLS */
export function withoutRewriting(key: string): string {
  return rewritesSenders(key) ? key.slice(mark.length) : key;
}

/** The plan whose hops get foreign senders rewritten. */
export function rewritingPlan(outcome: Outcome): Outcome {
  const { plan } = outcome;
  if (plan.kind !== 'relay') return outcome;
  const addresses = plan.addresses.map((hop) =>
    isSocketHop(hop) && hop.transport !== 'lmtp' ? { ...hop, rewritesSenders: true as const } : hop,
  );
  // Connections are shared by plans of equal security only.
  return { ...outcome, plan: { ...plan, addresses, security: `${plan.security ?? ''}+srs` } };
}
