// What a simulation needs of the world outside: plans of routes, and hosts.

import type { RoutePlan } from '../route/types.ts';
import type { Host } from './host.ts';

export interface Network {
  /** What a look-up of a route key gives at this time. */
  plan(route: string, nowMs: number): RoutePlan;
  /** How long it takes. */
  planDelayMs(route: string): number;
  /** Undefined: there is no such address. */
  host(ip: string): Host | undefined;
}
