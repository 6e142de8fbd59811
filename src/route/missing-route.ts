// The route by a name that no rule of the routing table has: mail for which it was chosen waits until a rule has the name again.

import { bareKey } from './bare-key.ts';
import { routeNameIn } from './plan-key.ts';
import { temporary, type Outcome } from './outcome.ts';
import type { RouteKey } from './types.ts';

/** No plan key of a rule begins like this. */
const begin = 'missing#';

/** @param domain - of the recipient, in canonical form */
export function missingRoute(name: string, domain: string): RouteKey {
  return { key: `${begin}${encodeURIComponent(name.toWellFormed())}:${domain}`, domain };
}

/** Was the route chosen by a name that no rule has? @param key - of a route, with marks or without */
export function isMissing(key: string): boolean {
  return bareKey(key).startsWith(begin);
}

/** What becomes of mail whose plan key no rule has. */
export function withoutRule(planKey: string): Outcome {
  if (!planKey.startsWith(begin)) {
    const named = routeNameIn(planKey);
    const route = named === '' ? 'the route that this mail had' : `the route "${named}"`;
    return temporary('4.3.5', `The routing table no longer has ${route}`);
  }
  const name = decodeURIComponent(planKey.slice(begin.length));
  return temporary('4.3.5', `The routing table has no route "${name}", which was chosen for this mail`);
}
