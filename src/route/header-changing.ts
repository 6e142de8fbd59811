// Whether a route changes header fields on the way out: a part of its rule and of its hops.

import { createHash } from 'node:crypto';
import type { HeaderChanges } from '../values/header-changes.ts';
import { isSocketHop } from './next-hop.ts';
import type { Outcome } from './outcome.ts';

/** 72 bits, as for plan keys. */
const digestChars = 12;

/** The plan whose hops get mail with these changes. */
export function changingPlan(outcome: Outcome, header: HeaderChanges): Outcome {
  const { plan } = outcome;
  if (plan.kind !== 'relay') return outcome;
  const addresses = plan.addresses.map((hop) => (isSocketHop(hop) ? { ...hop, header } : hop));
  const digest = createHash('sha256')
    .update(JSON.stringify(changesParts(header)))
    .digest('base64url')
    .slice(0, digestChars);
  // Connections are shared by plans with equal changes only.
  return { ...outcome, plan: { ...plan, addresses, security: `${plan.security ?? ''}+header~${digest}` } };
}

/** In a fixed order, for digests. */
export function changesParts({ remove, replace, add }: HeaderChanges): readonly unknown[] {
  return [remove, ...[replace, add].map((fields) => fields.map(({ name, value }) => [name, value]))];
}
