// A second store of mail, on a disk of its own, in some worlds. It hangs, fills up and fails; what is said of the first store
// holds nevertheless, so these faults do not count as something that is wrong.

import { Random } from '../../src/schedule/store/random.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { pick } from '../world/some-internet.ts';
import type { Ground } from './ground.ts';

export const secondSpool = '/second';
/** Added to the seed of a world for the seed of its second store. */
const seedOffset = 2_000_000_011;
const shareOfWorlds = 0.25;
/** A store that could not be read is tried again within this time after its disk is well. */
const againMs = 15_000;

type SecondFault =
  /** No operation ends for so long. */
  | { readonly kind: 'hangs'; readonly forMs: number }
  | { readonly kind: 'full'; readonly leftBytes: number; readonly forMs: number }
  | { readonly kind: 'fails'; readonly syncs: number; readonly writes: number; readonly forMs: number };

const makers: readonly ((random: Random) => SecondFault)[] = [
  (random) => ({ kind: 'hangs', forMs: pick(random, [500, 5_000, 15_000, 25_000]) }),
  (random) => ({ kind: 'hangs', forMs: pick(random, [500, 5_000, 15_000, 25_000]) }),
  (random) => ({
    kind: 'full',
    leftBytes: pick(random, [0, 500, 5_000]),
    forMs: pick(random, [1_000, 9_000]),
  }),
  (random) => ({ kind: 'fails', syncs: 0.4, writes: 0.2, forMs: pick(random, [200, 3_000, 9_000]) }),
];

export class SecondStore {
  disk: SimulatedDisk;
  readonly #ground: Ground;
  readonly #random: Random;
  readonly #diskMs: number;
  #hangsUntilMs = -Infinity;
  #calmMs = 0;
  #illUntilMs = -Infinity;
  /** Arrivals of mail of the other store while this one hung. */
  arrivalsMeanwhile = 0;

  private constructor(ground: Ground, random: Random, capacityBytes: number, diskMs: number) {
    this.#ground = ground;
    this.#random = random;
    this.#diskMs = diskMs;
    this.disk = new SimulatedDisk({ seed: random.below(1e9), capacityBytes });
  }

  /** Undefined in a world with one store. */
  static of(seed: number, ground: Ground, capacityBytes: number, diskMs: number): SecondStore | undefined {
    const random = new Random(seed + seedOffset);
    if (random.next() >= shareOfWorlds) return undefined;
    return new SecondStore(ground, random, capacityBytes, diskMs);
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

  #strike(fault: SecondFault): void {
    const { clock, trace } = this.#ground;
    trace(() => `fault of the second store: ${JSON.stringify(fault)}`);
    this.#illUntilMs = Math.max(this.#illUntilMs, this.#endOf(fault));
    switch (fault.kind) {
      case 'hangs':
        this.#hangsUntilMs = Math.min(this.#calmMs, Math.max(this.#hangsUntilMs, clock.nowMs + fault.forMs));
        break;
      case 'full':
        this.disk.fill(fault.leftBytes);
        clock.at(this.#endOf(fault), () => this.disk.makeRoom());
        break;
      case 'fails':
        this.disk.faults = { ...this.disk.faults, syncFails: fault.syncs, writeFails: fault.writes };
        clock.at(this.#endOf(fault), () => this.#heal());
        break;
    }
  }

  #endOf({ forMs }: SecondFault): number {
    return Math.min(this.#calmMs, this.#ground.clock.nowMs + forMs);
  }

  #heal(): void {
    this.disk.faults = { ...this.disk.faults, syncFails: 0, writeFails: 0 };
  }

  /**
   * Can it be that the manager does not know this message yet, because its store could not be read at first?
   * @param wellForMs - for how long nothing has been wrong with everything else
   */
  mayBeAbsent(store: number, wellForMs: number): boolean {
    if (store === 0) return wellForMs < againMs;
    return Math.min(wellForMs, this.#ground.clock.nowMs - this.#illUntilMs) < againMs;
  }

  /** Mail of a store arrives. */
  arrives(store: number): void {
    if (store === 0 && this.isHanging) this.arrivalsMeanwhile++;
  }

  /** The power is back. */
  restart(): void {
    this.disk = this.disk.restarted({ seed: this.#random.below(1e9) });
  }
}
