// Own addresses that a connection could not even be begun from: this host has no such address, or no port or open file is
// left. While another one can be used, such a source is not used for some seconds: no destination is to blame.

import type { NextHopAddress } from '../../route/types.ts';
import { isReachableFrom, sourcesFor } from '../reserve/places.ts';
import type { State } from '../state.ts';

const defaultRestMs = 10_000;

/** Rests the source. False: no other source can be used for connections to this address. */
export function restSource(s: State, source: string, hop: NextHopAddress, nowMs: number): boolean {
  const hasOther = sourcesFor(s, hop).some(
    (other) => other !== source && isReachableFrom(hop, other) && !isSourceResting(s, other, nowMs),
  );
  if (hasOther) s.sourceRests.set(source, nowMs + sourceRestMs(s));
  return hasOther;
}

export function isSourceResting(s: State, source: string, nowMs: number): boolean {
  return (s.sourceRests.get(source) ?? 0) > nowMs;
}

/** Ms of such a rest: of a source, or without another source of the address that it could not reach. */
export function sourceRestMs(s: State): number {
  return s.config.sourceRestMs ?? defaultRestMs;
}
