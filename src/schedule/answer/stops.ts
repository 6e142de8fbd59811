// What stops everything, or all mail of a store, for a time: pauses of grants, and name servers that do not answer.

import { passTime } from './clock.ts';
import type { State } from '../state.ts';
import type { PauseCause } from '../store/pauses.ts';

/** Begins a pause for a reason, or ends it; see `Scheduler.pause`. */
export function pauseGrants(
  s: State,
  reason: string | undefined,
  nowMs: number,
  store = 0,
  cause: PauseCause = 'outcomes',
  tenant?: string,
): void {
  if (tenant === undefined) s.pauses.set(store, reason, cause);
  else s.pauses.setTenant(store, s.tenants.intern(tenant, store), reason);
  // Lifetimes that have ended meanwhile come before new attempts.
  if (cause === 'reports' && reason === undefined) passTime(s, nowMs);
}

/** Plans cannot be looked up, or can be again. */
export function stopLookups(s: State, areStopped: boolean, nowMs: number): void {
  if (s.lookupsStopped && !areStopped) s.lookupsBackMs = nowMs;
  s.lookupsStopped = areStopped;
}
