// Own addresses that a connection could not even be begun from: this host has no such address, or no port of it is left.
// While there is another, such a one is left alone for some seconds: no destination is to blame, and none has to wait.

import { isReachableFrom } from '../reserve/places.ts';
import type { State } from '../state.ts';

/** Ms until it is tried again. */
const restMs = 10_000;

/** Leaves the source alone. False: it is the only one that connections to this address could be made from. */
export function restSource(s: State, source: string, ip: string, nowMs: number): boolean {
  const hasOther = s.sources.some(
    (other) => other !== source && isReachableFrom(ip, other) && !isSourceResting(s, other, nowMs),
  );
  if (hasOther) s.sourceRests.set(source, nowMs + restMs);
  return hasOther;
}

export function isSourceResting(s: State, source: string, nowMs: number): boolean {
  return (s.sourceRests.get(source) ?? 0) > nowMs;
}
