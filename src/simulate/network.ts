// What a simulation needs of the world outside: plans of routes, and hosts.

import type { RoutePlan } from '../route/types.ts';
import type { Host } from './host.ts';

export interface Network {
  /** The answer to a look-up of a route key at this time. */
  plan(route: string, nowMs: number): RoutePlan;
  /** Ms that the look-up takes. */
  planDelayMs(route: string): number;
  /** The host at an IP address, or at an endpoint that has none (its text); undefined: there is none. */
  host(address: string): Host | undefined;
}
