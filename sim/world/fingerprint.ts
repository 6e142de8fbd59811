// A hash over all effects in their order: two runs with the same effects have the same hash.

import type { Effect } from '../../src/schedule/types.ts';
import { Witness } from '../../src/simulate/witness.ts';

export class Fingerprint extends Witness {
  value = 0;

  override effect(effect: Effect, nowMs: number): void {
    const text = JSON.stringify(effect);
    let hash = this.value ^ nowMs;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.value = hash;
  }
}
