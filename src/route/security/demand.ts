// What a message asks for about TLS, in its route key: mail with another demand has a plan, and so connections, of its own.

import type { TlsDemand } from '../../values/tls-policy.ts';
import { withoutVerp } from '../verp.ts';
import type { RouteKey } from '../types.ts';

/** No key of a routing table begins like this. */
const requireTls = 'requiretls!';
const tlsRequiredNo = 'tls-required-no!';

/** The route of a message with this demand. */
export function withDemand(route: RouteKey, demand: TlsDemand | undefined): RouteKey {
  if (demand === undefined) return route;
  return { ...route, key: `${demand === 'requiretls' ? requireTls : tlsRequiredNo}${route.key}` };
}

/** The demand in a route key. */
export function demandOf(key: string): TlsDemand | undefined {
  return demandAtStart(withoutVerp(key));
}

/** The key without its demand, and without what it says about senders of their own (`verp.ts`), which comes before that. */
export function withoutDemand(key: string): string {
  const bare = withoutVerp(key);
  const demand = demandAtStart(bare);
  if (demand === undefined) return bare;
  return bare.slice((demand === 'requiretls' ? requireTls : tlsRequiredNo).length);
}

function demandAtStart(key: string): TlsDemand | undefined {
  if (key.startsWith(requireTls)) return 'requiretls';
  return key.startsWith(tlsRequiredNo) ? 'tls-required-no' : undefined;
}
