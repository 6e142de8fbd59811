// What a rule does to the mail of its hosts beside saying where they are: it changes the header, has connections come from some addresses of
// our own, and tells a content filter which client a message came from (XFORWARD).

import { fromSources } from './from-sources.ts';
import { changingPlan } from './header-changing.ts';
import { isSocketHop } from './next-hop.ts';
import type { Outcome } from './outcome.ts';
import type { RouteRule } from './route-rule.ts';

export function withRuleEffects(
  outcome: Outcome,
  { header, sources, tellsClient }: Pick<RouteRule, 'header' | 'sources' | 'tellsClient'>,
): Outcome {
  const told = tellsClient === true ? tellingPlan(outcome) : outcome;
  const changed = header === undefined ? told : changingPlan(told, header);
  return sources === undefined ? changed : fromSources(changed, sources);
}

function tellingPlan(outcome: Outcome): Outcome {
  const { plan } = outcome;
  if (plan.kind !== 'relay') return outcome;
  const addresses = plan.addresses.map((hop) =>
    isSocketHop(hop) ? { ...hop, tellsClient: true as const } : hop,
  );
  // Connections are shared by plans that tell alike only.
  return { ...outcome, plan: { ...plan, addresses, security: `${plan.security ?? ''}+client` } };
}
