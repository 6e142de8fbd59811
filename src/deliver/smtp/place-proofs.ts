// How often each host was seen to answer a message behind another one in its place: 354 to DATA, which no other command is answered with.
//
// With BDAT all commands are answered 250. A host that swallows what came too early, such as a whole group, would go unnoticed: the replies
// to the next message would pass for those to the swallowed one, which would be lost. So messages are sent with BDAT behind others only
// after some have passed by DATA: on each connection, and more of them where a host has yet to prove itself.

import { RecentMap } from '../../dns/recent-map.ts';

/** Most hosts that are remembered; the least recently used are forgotten first. */
const mostHosts = 10_000;
/** Of all sender processes together, among which the connections to a host are spread evenly. */
const enoughProofs = 20;

export class PlaceProofs {
  readonly #byHost = new RecentMap<string, number>(mostHosts);
  readonly #enough: number;

  /** @param processes - number of sender processes */
  constructor(processes: number) {
    this.#enough = Math.ceil(enoughProofs / processes);
  }

  /** Messages that have to pass by DATA on a new connection. @param host - `NextHopAddress.key` */
  needed(host: string): number {
    return (this.#byHost.get(host) ?? 0) < this.#enough ? 4 : 1;
  }

  /**
   * A connection has ended. A host that broke has to prove itself anew.
   * @param count - messages that passed on it
   */
  ended(host: string, count: number, hasBroken: boolean): void {
    if (hasBroken) this.#byHost.set(host, 0);
    else if (count > 0) this.#byHost.set(host, Math.min(this.#enough, (this.#byHost.get(host) ?? 0) + count));
  }
}
