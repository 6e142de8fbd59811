// Sites of this host: a program, an archive, other recipients, nothing. They take no part of what is for other hosts: their connections have
// a counter of their own, and of the limits only those hold for them that name their site or host. A limit of 0 on their mail, by which
// an operator stops it, holds for them as well.

import { isSocketHop } from '../../route/next-hop.ts';
import type { NextHopAddress } from '../../route/types.ts';
import type { AppliedLimit, AppliedLimits } from '../limits/types.ts';
import type { State } from '../state.ts';

export function isLocalSite(s: State, site: number): boolean {
  const [hop] = s.sites.planOf(site).addresses;
  return hop !== undefined && !isSocketHop(hop);
}

/** The counter of all connections that one to this site counts against. */
export function totalCounterOf(s: State, site: number): number {
  return isLocalSite(s, site) ? s.localCounter : s.globalCounter;
}

/** Of the limits that look at a place: those that hold there. */
export function limitsAtHop(hop: NextHopAddress, applied: AppliedLimits): AppliedLimits {
  if (isSocketHop(hop)) return applied;
  return {
    ...applied,
    connections: applied.connections.filter(namesPlace),
    connectionRate: applied.connectionRate.filter(namesPlace),
    messageRate: applied.messageRate.filter(namesPlace),
    recipientRate: applied.recipientRate.filter(namesPlace),
  };
}

function namesPlace({ rule: { match } }: AppliedLimit): boolean {
  return match.site !== undefined || match.mx !== undefined;
}
