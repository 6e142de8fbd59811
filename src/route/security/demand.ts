// What a message asks for about TLS, in its route key: mail with another demand has a plan, and so connections, of its own.

import type { TlsDemand } from '../../values/tls-policy.ts';
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
  if (key.startsWith(requireTls)) return 'requiretls';
  return key.startsWith(tlsRequiredNo) ? 'tls-required-no' : undefined;
}

/** The key without its demand. */
export function withoutDemand(key: string): string {
  const demand = demandOf(key);
  if (demand === undefined) return key;
  return key.slice((demand === 'requiretls' ? requireTls : tlsRequiredNo).length);
}
