// The route by a name that no rule of the routing table has: mail for which it was chosen waits until a rule has the name again.

import { temporary, type Outcome } from './outcome.ts';
import type { RouteKey } from './types.ts';

/** No plan key of a rule begins like this. */
const begin = 'missing#';

/** @param domain - of the recipient, in canonical form */
export function missingRoute(name: string, domain: string): RouteKey {
  return { key: `${begin}${encodeURIComponent(name.toWellFormed())}:${domain}`, domain };
}

/** What becomes of mail whose plan key no rule has. */
export function withoutRule(planKey: string): Outcome {
  if (!planKey.startsWith(begin))
    return temporary('4.3.5', `The routing table no longer has the rule of route ${planKey}`);
  const name = decodeURIComponent(planKey.slice(begin.length));
  return temporary('4.3.5', `The routing table has no route "${name}", which was chosen for this mail`);
}
