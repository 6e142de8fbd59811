// A store of mail beside the first one, on a disk of its own. It hangs, fills up, fails, and becomes read-only; what is said of the other
// stores holds nevertheless, so these faults do not count as something that is wrong.

import type { Random } from '../../src/schedule/store/random.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { pick } from '../world/some-internet.ts';
import type { Ground } from './ground.ts';

/** A store that could not be read is tried again within this time after its disk is well. */
export const againMs = 15_000;

type StoreFault =
  /** No operation ends for so long. */
  | { readonly kind: 'hangs'; readonly forMs: number }
  | { readonly kind: 'full'; readonly leftBytes: number; readonly forMs: number }
  | { readonly kind: 'fails'; readonly syncs: number; readonly writes: number; readonly forMs: number }
  | { readonly kind: 'readOnly'; readonly forMs: number };

const makers: readonly ((random: Random) => StoreFault)[] = [
  (random) => ({ kind: 'hangs', forMs: pick(random, [500, 5_000, 15_000, 25_000]) }),
  (random) => ({ kind: 'hangs', forMs: pick(random, [500, 5_000, 15_000, 25_000]) }),
  (random) => ({
    kind: 'full',
    leftBytes: pick(random, [0, 500, 5_000]),
    forMs: pick(random, [1_000, 9_000]),
  }),
  (random) => ({ kind: 'readOnly', forMs: pick(random, [500, 5_000, 12_000]) }),
  (random) => ({ kind: 'fails', syncs: 0.4, writes: 0.2, forMs: pick(random, [200, 3_000, 9_000]) }),
];

export class IllStore {
  disk: SimulatedDisk;
  readonly #ground: Ground;
  readonly #random: Random;
  readonly #diskMs: number;
  #hangsUntilMs = -Infinity;
  #calmMs = 0;
  #illUntilMs = -Infinity;

  constructor(ground: Ground, random: Random, capacityBytes: number, diskMs: number) {
    this.#ground = ground;
    this.#random = random;
    this.#diskMs = diskMs;
    this.disk = new SimulatedDisk({ seed: random.below(1e9), capacityBytes });
  }

  /** How long one step of an operation takes, in ms. */
  readonly delayMs = (): number => {
    const ms = this.#random.next() * this.#diskMs;
    return Math.max(ms, this.#hangsUntilMs - this.#ground.clock.nowMs + ms);
  };

  get isHanging(): boolean {
    return this.#ground.clock.nowMs < this.#hangsUntilMs;
  }

  /** Lets something go wrong, sometimes; all of it is over after this time. */
  spoil(withinMs: number): void {
    const { clock } = this.#ground;
    this.#calmMs = clock.nowMs + withinMs;
    const count = this.#random.below(4);
    for (let index = 0; index < count; index++) {
      const fault = pick(this.#random, makers)(this.#random);
      const atMs = clock.nowMs + 300 + this.#random.below(withinMs - 300);
      clock.at(atMs, () => this.#strike(fault));
    }
  }

  #strike(fault: StoreFault): void {
    const { clock, trace } = this.#ground;
    trace(() => `fault of a store: ${JSON.stringify(fault)}`);
    this.#illUntilMs = Math.max(this.#illUntilMs, this.#endOf(fault));
    switch (fault.kind) {
      case 'hangs':
        this.#hangsUntilMs = Math.min(this.#calmMs, Math.max(this.#hangsUntilMs, clock.nowMs + fault.forMs));
        break;
      case 'full':
        this.disk.fill(fault.leftBytes);
        clock.at(this.#endOf(fault), () => this.disk.makeRoom());
        break;
      case 'readOnly':
        this.disk.readOnly = true;
        clock.at(this.#endOf(fault), () => (this.disk.readOnly = false));
        break;
      case 'fails':
        this.disk.faults = { ...this.disk.faults, syncFails: fault.syncs, writeFails: fault.writes };
        clock.at(this.#endOf(fault), () => this.#heal());
        break;
    }
  }

  #endOf({ forMs }: StoreFault): number {
    return Math.min(this.#calmMs, this.#ground.clock.nowMs + forMs);
  }

  #heal(): void {
    this.disk.faults = { ...this.disk.faults, syncFails: 0, writeFails: 0 };
  }

  /** Has everything been well with it for this time? */
  wasWellFor(ms: number): boolean {
    return this.#ground.clock.nowMs - this.#illUntilMs >= ms;
  }

  /** The power is back. */
  restart(): void {
    this.disk = this.disk.restarted({ seed: this.#random.below(1e9) });
  }
}
