// The places of a site: each of its addresses from each source, with the limits that hold there. They are made when the site
// has work, and forgotten when it has no connection and nothing can go.

import type { NextHopAddress } from '../../route/types.ts';
import { Dimension } from '../store/counters.ts';
import { dropLimits, holdLimits } from './held-limits.ts';
import { limitsAtHop } from './local-ways.ts';
import { policyKeyOf, type HeldLimits, type Place } from '../store/place.ts';
import type { State } from '../state.ts';

/** The system's choice. */
const noSource: readonly string[] = [''];

/** The places of a site, in the order of its plan: lowest preference first. */
export function placesOf(s: State, site: number, nowMs: number): readonly Place[] {
  const known = s.sites.places.get(site);
  if (known !== undefined) return known;
  const plan = s.sites.planOf(site);
  const places: Place[] = [];
  for (const hop of plan.addresses) {
    for (const source of sourcesFor(s, hop)) {
      if (!isReachableFrom(hop, source)) continue;
      const limits = limitsAt(s, site, hop, source, nowMs);
      places.push({ site: plan.site, hop, source, limits, policyKey: policyKeyOf(hop), users: 1 });
    }
  }
  s.sites.places.set(site, places);
  return places;
}

/** Forgets the list. Places that connections use stay as long as those do. */
export function forgetPlaces(s: State, site: number): void {
  const places = s.sites.places.get(site);
  if (places === undefined) return;
  s.sites.places.delete(site);
  for (const place of places) leavePlace(s, place);
}

/** A connection or the list of the site no longer uses the place. */
export function leavePlace(s: State, place: Place): void {
  place.users--;
  if (place.users === 0) dropLimits(s, place.limits);
}

/** The limits that hold on the way to an address, whatever is sent there. */
export function limitsAt(
  s: State,
  site: number,
  hop: NextHopAddress,
  source: string,
  nowMs: number,
): HeldLimits {
  const facts = { site: s.sites.planOf(site).site, mx: hop.host, ip: hop.ip, source };
  return holdLimits(s, limitsAtHop(hop, s.limits.ofPlace(facts)), Dimension.place, nowMs);
}

/** The own addresses that a connection may come from. What has no IP address is not reached from one. */
export function sourcesFor(s: State, hop: NextHopAddress): readonly string[] {
  return hop.ip === '' ? noSource : (hop.sources ?? s.sources);
}

/** An address can only be reached from one of the same IP version. */
export function isReachableFrom({ ip }: NextHopAddress, source: string): boolean {
  return source === '' || (ip !== '' && ip.includes(':') === source.includes(':'));
}

/** A route or connection no longer names the site. */
export function releaseSite(s: State, site: number): void {
  if (s.sites.references.add(site, -1) > 0) return;
  forgetPlaces(s, site);
  s.sites.forget(site);
}
