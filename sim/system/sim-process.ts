// A process of a simulated Sluice: its timers, its view of the disk, and the order in which things happen to it. It can be
// stopped, slow and killed between any two of them; when it is killed, nothing that it waited for happens any more.

import type { DiskPace, DiskProcess, SimulatedDisk } from '../disk/simulated-disk.ts';
import { SluiceError } from '../../src/errors/sluice-error.ts';
import type { FileLayer } from '../../src/spool/file-layer.ts';
import type { Timer, Timers } from '../../src/io/timers.ts';
import type { Ground } from './ground.ts';
import type { OtherStores } from './other-stores.ts';

/** How long the disk takes for one step of an operation, in ms. */
export type DiskDelay = () => number;

export class SimProcess {
  readonly name: string;
  readonly timers: Timers;
  readonly files: FileLayer;
  /** Those of the other stores, in a world that has some. */
  readonly otherFiles: readonly FileLayer[];
  readonly startedAtMs: number;
  readonly #ground: Ground;
  readonly #disk: DiskProcess;
  readonly #others: readonly DiskProcess[];
  readonly #ends: (() => void)[] = [];
  /** Has happened to it, and waits until it is continued or has time. */
  readonly #waiting: (() => void)[] = [];
  /** Steps of the disk for it that have begun. */
  readonly #underWay = new Set<() => void>();
  #isAlive = true;
  #isStopped = false;
  #isArmed = false;
  #slowMs = 0;
  #busyUntilMs = 0;
  #heldUpAtMs = -Infinity;

  constructor(ground: Ground, name: string, disk: SimulatedDisk, diskDelay: DiskDelay, others?: OtherStores) {
    const { clock } = ground;
    this.#ground = ground;
    this.name = name;
    this.startedAtMs = clock.nowMs;
    this.timers = new ProcessTimers(ground, this);
    // The disk works on while the process is stopped.
    const paced =
      (delay: DiskDelay): DiskPace =>
      (what, act) => {
        if (what === 'answer') {
          clock.at(clock.nowMs + delay(), () => this.run(act));
          return;
        }
        const once = (): void => {
          if (this.#underWay.delete(once)) act();
        };
        this.#underWay.add(once);
        clock.at(clock.nowMs + delay(), once);
      };
    this.#disk = disk.process(paced(diskDelay));
    this.files = this.#disk.files;
    this.#others = (others?.all ?? []).map(({ disk: other, delayMs }) => other.process(paced(delayMs)));
    this.otherFiles = this.#others.map((each) => each.files);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Does it do at once what happens to it? */
  get isPrompt(): boolean {
    return this.#isAlive && !this.#isStopped && this.#waiting.length === 0 && this.#slowMs === 0;
  }

  /** When it could last not do at once what happened to it. */
  get heldUpAtMs(): number {
    return this.isPrompt ? this.#heldUpAtMs : this.#ground.clock.nowMs;
  }

  /** Something happens to the process: it acts at once, or when it can. */
  run(act: () => void): void {
    if (!this.#isAlive) return;
    const mustWait = this.#isStopped || this.#waiting.length > 0 || this.#isBusy;
    if (!mustWait) {
      this.#act(act);
      return;
    }
    this.#waiting.push(act);
    this.#heldUpAtMs = this.#ground.clock.nowMs;
    this.#arm();
  }

  after(ms: number, act: () => void): void {
    const { clock } = this.#ground;
    clock.at(clock.nowMs + ms, () => this.run(act));
  }

  /** SIGSTOP. */
  stop(): void {
    this.#isStopped = true;
  }

  /** SIGCONT. */
  continue(): void {
    this.#isStopped = false;
    this.#heldUpAtMs = this.#ground.clock.nowMs;
    this.#arm();
  }

  /** Each thing that happens to it takes up to so long from now on; 0: no time at all. */
  slow(ms: number): void {
    this.#slowMs = ms;
    this.#heldUpAtMs = this.#ground.clock.nowMs;
  }

  /** SIGKILL, also of what is stopped; or its own end. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#ground.trace(() => `${this.name} ends`);
    this.#isAlive = false;
    this.#waiting.length = 0;
    this.#disk.kill();
    for (const other of this.#others) other.kill();
    // A process is not gone, and nobody hears of its end, before its last system calls have returned: what it had asked the
    // disk for is done now or never.
    for (const finish of this.#underWay) finish();
    for (const end of this.#ends) end();
  }

  /** Calls back at once when it ends, as the system does that closes its sockets. */
  onEnd(end: () => void): void {
    this.#ends.push(end);
  }

  get #isBusy(): boolean {
    return this.#busyUntilMs > this.#ground.clock.nowMs;
  }

  #act(act: () => void): void {
    act();
    if (this.#slowMs === 0) return;
    const { clock, random } = this.#ground;
    this.#busyUntilMs = clock.nowMs + random.next() * this.#slowMs;
  }

  #arm(): void {
    if (this.#isArmed || this.#isStopped || this.#waiting.length === 0) return;
    this.#isArmed = true;
    this.#ground.clock.at(Math.max(this.#busyUntilMs, this.#ground.clock.nowMs), () => {
      this.#isArmed = false;
      if (this.#isStopped || !this.#isAlive) return;
      const next = this.#waiting.shift();
      if (next !== undefined) this.#act(next);
      this.#arm();
    });
  }
}

class ProcessTimer implements Timer {
  isSet = true;

  unref(): this {
    return this;
  }
}

/** Ends with its process. */
class ProcessTimers implements Timers {
  readonly nowMs: () => number;
  readonly #process: SimProcess;

  constructor({ clock }: Ground, process: SimProcess) {
    this.nowMs = () => clock.nowMs;
    this.#process = process;
  }

  setTimeout(act: () => void, delayMs: number): Timer {
    const timer = new ProcessTimer();
    this.#arm(timer, delayMs, () => {
      timer.isSet = false;
      act();
    });
    return timer;
  }

  setInterval(act: () => void, everyMs: number): Timer {
    const timer = new ProcessTimer();
    const due = (): void => {
      this.#arm(timer, everyMs, due);
      act();
    };
    this.#arm(timer, everyMs, due);
    return timer;
  }

  clear(timer: Timer | undefined): void {
    if (timer instanceof ProcessTimer) timer.isSet = false;
  }

  setImmediate(act: () => void): void {
    this.#process.after(0, act);
  }

  #arm(timer: ProcessTimer, delayMs: number, act: () => void): void {
    // As in Node: a millisecond at least, a whole number of them.
    this.#process.after(Math.max(1, Math.trunc(delayMs)), () => {
      if (timer.isSet) act();
    });
  }
}

/** Is it the system's fault, such as a full disk, and not one of the program? */
export function isOfTheSystem(error: unknown): boolean {
  return error instanceof SluiceError || (error instanceof Error && 'code' in error);
}
