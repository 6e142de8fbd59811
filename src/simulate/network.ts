// What a simulation needs of the world outside: plans of routes, and hosts.

import type { RoutePlan } from '../route/types.ts';
import type { Host } from './host.ts';

export interface Network {
  /** The answer to a look-up of a route key at this time. */
  plan(route: string, nowMs: number): RoutePlan;
  /** Ms that the look-up takes. */
  planDelayMs(route: string): number;
  /** The host at an address; undefined: there is none. */
  host(ip: string): Host | undefined;
}
