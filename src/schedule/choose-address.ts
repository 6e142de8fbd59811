// Which address of a site a new connection goes to (RFC 5321 5.1): the lowest preference that is reachable, among its
// addresses the one with the fewest connections, ties by chance. A higher preference is for unreachable hosts, never a
// way round a limit.

import { Health } from './addresses.ts';
import { Dimension } from './counters.ts';
import type { RowList } from './row-list.ts';
import type { State } from './state.ts';

/** No address can be taken now; `s.blockers` has the counters that stand in the way. */
export const noAddress = -1;

/** Index in the site's plan, or `noAddress`. */
export function chooseAddress(s: State, site: number): number {
  const { addresses, counters } = s;
  const list = s.sites.planOf(site).addresses;
  const blockers = s.blockers;
  blockers.clear();
  let at = 0;
  while (at < list.length) {
    const preference = list[at]?.preference;
    let best = noAddress;
    let fewest = Infinity;
    let ties = 0;
    let reachable = false;
    for (let hop = list[at]; hop !== undefined && hop.preference === preference; hop = list[at]) {
      const address = addresses.find(hop.ip, hop.port);
      const probe = address < 0 ? -1 : addresses.probeCounter.get(address);
      if (probe >= 0 && !counters.hasRoom(probe)) {
        addBlocker(blockers, probe);
      } else {
        reachable = true;
        const full = fullCounterOf(s, hop.ip, address);
        const connections = address < 0 ? 0 : addresses.connections.get(address);
        if (full >= 0) {
          addBlocker(blockers, full);
        } else if (connections < fewest) {
          best = at;
          fewest = connections;
          ties = 1;
        } else if (connections === fewest) {
          ties += 1;
          if (s.random.below(ties) === 0) best = at;
        }
      }
      at += 1;
    }
    if (best !== noAddress) return best;
    if (reachable) return noAddress;
  }
  return noAddress;
}

/** Could a connection to this site be opened, limits aside? */
export function isReachable(s: State, site: number): boolean {
  return s.sites.planOf(site).addresses.some(({ ip, port }) => {
    const address = s.addresses.find(ip, port);
    if (address < 0 || s.addresses.health.get(address) === Health.well) return true;
    return s.counters.hasRoom(s.addresses.probeCounter.get(address));
  });
}

/** The counter of an IP address, made if there is none. */
export function ipCounterOf(s: State, ip: string): number {
  const known = s.counters.find(Dimension.ip, ip);
  return known >= 0 ? known : s.counters.open(Dimension.ip, ip, s.config.limits.perIp);
}

/** The full counter of an address; -1: none. */
function fullCounterOf(s: State, ip: string, address: number): number {
  const { perIp } = s.config.limits;
  let counter = address < 0 ? s.counters.find(Dimension.ip, ip) : s.addresses.ipCounter.get(address);
  if (counter < 0 && perIp <= 0) counter = ipCounterOf(s, ip);
  return counter >= 0 && !s.counters.hasRoom(counter) ? counter : -1;
}

function addBlocker(blockers: RowList, counter: number): void {
  if (!blockers.includes(counter)) blockers.push(counter);
}
