// Where a new connection goes, and from where (RFC 5321 5.1): the lowest preference that is reachable, among its addresses
// the one with the fewest connections, ties by chance. A higher preference is for unreachable hosts, never a way round a
// limit.

import { closedGateAt } from '../reserve/gates.ts';
import { policyKeyOf, type Place } from '../store/place.ts';
import { placesOf } from '../reserve/places.ts';
import type { RowList } from '../store/row-list.ts';
import { isSourceResting } from './source-rests.ts';
import type { State } from '../state.ts';

/**
 * The place that the task in `s.needs` can go to on a new connection. Undefined: none; what stands in the way is added to
 * `s.blockers`.
 */
export function choosePlace(s: State, site: number, nowMs: number): Place | undefined {
  const places = placesOf(s, site, nowMs);
  let at = 0;
  while (at < places.length) {
    const preference = places[at]?.hop.preference;
    let best: Place | undefined;
    let fewest = Infinity;
    let ties = 0;
    let reachable = false;
    for (let place = places[at]; place !== undefined && place.hop.preference === preference;) {
      const address = s.addresses.find(place.hop.key);
      const probe = address < 0 ? -1 : s.addresses.probeCounter.get(address);
      if (isSourceResting(s, place.source, nowMs)) {
        // Another source can be used.
      } else if (probe >= 0 && !s.counters.hasRoom(probe)) {
        addBlocker(s.blockers, probe);
      } else if (place.policyKey !== '' && !isOpen(s, place.policyKey)) {
        addBlocker(s.blockers, s.addresses.probeOf(place.policyKey));
      } else {
        reachable = true;
        const blocker = blockerOf(s, site, place, nowMs);
        // The connections of the address count first, then those from this source, which are the users of the place.
        const connections = (address < 0 ? 0 : s.addresses.connections.get(address)) * 1e6 + place.users;
        if (blocker >= 0) {
          addBlocker(s.blockers, blocker);
        } else if (connections < fewest) {
          best = place;
          fewest = connections;
          ties = 1;
        } else if (connections === fewest) {
          ties++;
          if (s.random.below(ties) === 0) best = place;
        }
      }
      at++;
      place = places[at];
    }
    if (best !== undefined) return best;
    if (reachable) return undefined;
  }
  return undefined;
}

/** Could a connection to this site be opened, limits aside? */
export function isReachable(s: State, site: number): boolean {
  return s.sites.planOf(site).addresses.some((hop) => isOpen(s, hop.key) && isOpen(s, policyKeyOf(hop)));
}

/** Is the address well, or may it be probed? @param key - of `AddressStore` */
function isOpen(s: State, key: string): boolean {
  const probe = s.addresses.probeOf(key);
  return probe < 0 || s.counters.hasRoom(probe);
}

/** The first counter that has no room for a new connection to a place; -1: none. */
function blockerOf(s: State, site: number, place: Place, nowMs: number): number {
  const { counters } = s;
  // Rates first: to make room in a full limit would cost connections that the same rate will want again.
  const gate = closedGateAt(s, place, -1, nowMs);
  if (gate >= 0) return gate;
  for (const counter of place.limits.slots) if (!counters.hasRoom(counter)) return counter;
  const window = s.windows.counterOf(place.source, s.sites.planOf(site).site);
  return window >= 0 && !counters.hasRoom(window) ? window : -1;
}

export function addBlocker(blockers: RowList, counter: number): void {
  if (!blockers.includes(counter)) blockers.push(counter);
}
