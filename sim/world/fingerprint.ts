// One number over all effects in order: two runs that do the same give the same.

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
