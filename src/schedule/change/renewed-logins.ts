// The secrets of credentials are others: a host that refused the former ones is no longer let rest for that.

import type { State } from '../state.ts';
import { policyKeyOf } from '../store/place.ts';

/** @param credentials - names */
export function endLoginRests(s: State, credentials: readonly string[], nowMs: number): void {
  s.sites.each((site) => {
    for (const hop of s.sites.planOf(site).addresses) {
      if (hop.login === undefined) continue;
      if (!credentials.includes(hop.login.credential)) continue;
      const row = s.addresses.find(policyKeyOf(hop));
      if (row >= 0) s.addresses.endRest(row, nowMs);
    }
  });
}
