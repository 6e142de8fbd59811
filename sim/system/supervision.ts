// A supervisor in simulation: starts what ended again, asks each process whether it lives, and ends what must be ended, by
// the rules of `supervisor.ts`. When it is killed, its processes end as soon as they notice; the next one waits for them.

import { AwaitedSenders } from '../../src/process/supervise/awaited-senders.ts';
import { beatEveryMs, Heartbeat } from '../../src/process/watch/heartbeat.ts';
import { ManagerProcess } from './manager-process.ts';
import { ReceiverModel } from './receiver-model.ts';
import { SenderModel } from './sender-model.ts';
import type { SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** Time that processes of an earlier supervisor get to end by themselves. */
const patienceMs = 2_000;
/** Until what ended is started again, the first time; longer each time that it ends soon. */
const firstDelayMs = 100;
const longestDelayMs = 3_000;
const stableMs = 10_000;
/** How long after the grace a process is killed, when Sluice stops. */
const killAfterMs = 5_000;

interface Child {
  readonly serial: number;
  readonly process: SimProcess;
  readonly heartbeat: Heartbeat;
}

export interface SupervisionOptions {
  readonly senders: number;
  readonly receivers: number;
}

export class Supervision {
  readonly #around: Surroundings;
  readonly #options: SupervisionOptions;
  readonly #leftOver: readonly SimProcess[];
  readonly #awaited = new AwaitedSenders();
  readonly #children = new Set<Child>();
  readonly senders: (SenderModel | undefined)[] = [];
  readonly receivers: (ReceiverModel | undefined)[] = [];
  manager: ManagerProcess | undefined;
  #isAlive = true;
  #isStopping = false;
  #lastSerial = 0;

  /** @param leftOver - processes of the one before */
  constructor(around: Surroundings, options: SupervisionOptions, leftOver: readonly SimProcess[]) {
    this.#around = around;
    this.#options = options;
    this.#leftOver = leftOver;
    const living = leftOver.filter(({ isAlive }) => isAlive);
    let waits = living.length;
    if (waits === 0) this.#start();
    for (const process of living) {
      process.onEnd(() => {
        waits--;
        if (waits === 0) this.#later(0, () => this.#start());
      });
    }
    this.#later(patienceMs, () => {
      for (const process of leftOver) process.kill();
    });
  }

  get processes(): readonly SimProcess[] {
    return [...this.#children].map(({ process }) => process);
  }

  /** SIGKILL. Returns the processes that it leaves behind, with those that it was still waiting for. */
  kill(): readonly SimProcess[] {
    this.#isAlive = false;
    const left = this.processes;
    for (const process of left) process.run(() => process.kill());
    return [...left, ...this.#leftOver];
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Processes of the one before that still live. */
  get leftOver(): readonly SimProcess[] {
    return this.#leftOver.filter(({ isAlive }) => isAlive);
  }

  /** Ends all processes, as `Supervisor.stop` does. Resolves to whether the manager has stored everything. */
  async stop(graceMs: number): Promise<boolean> {
    this.#isStopping = true;
    const { manager } = this;
    manager?.process.after(1, () => manager.drain());
    const workers = [...this.receivers, ...this.senders].flatMap((each) => each ?? []);
    await Promise.all(
      workers.map((each) =>
        this.#end(each.process, graceMs, () => {
          each.stop(graceMs).catch(() => each.process.kill());
        }),
      ),
    );
    // A manager that died has no successor now.
    if (manager !== undefined) await this.#end(manager.process, graceMs, () => manager.stop(graceMs));
    return this.#isAlive && manager?.hasStopped === true;
  }

  /** Resolves when the process has ended. */
  #end(process: SimProcess, graceMs: number, stop: () => void): Promise<void> {
    if (!process.isAlive) return Promise.resolve();
    return new Promise((resolve) => {
      process.onEnd(resolve);
      process.after(1, stop);
      this.#later(graceMs + killAfterMs, () => process.kill());
    });
  }

  /** Power is gone. */
  end(): void {
    this.#isAlive = false;
    for (const process of [...this.processes, ...this.#leftOver]) process.kill();
  }

  #start(): void {
    if (this.#isStopping) return;
    this.#forkManager(firstDelayMs);
    for (let index = 0; index < this.#options.senders; index++) this.#forkSender(index, firstDelayMs);
    for (let index = 0; index < this.#options.receivers; index++) this.#forkReceiver(index, firstDelayMs);
    this.#beat();
  }

  #forkManager(delayMs: number): void {
    if (this.#isStopping) return;
    const living = this.senders.flatMap((sender) =>
      sender?.process.isAlive === true ? [sender.serial] : [],
    );
    const before = this.#around.sabotage === 'unasked' ? [] : living;
    const manager = new ManagerProcess(this.#around, ++this.#lastSerial, before, (serials) => {
      this.#later(1, () => {
        if (this.manager === manager) this.#awaited.set(serials);
      });
    });
    this.manager = manager;
    this.#watch(manager.process, delayMs, (next) => {
      this.#awaited.set([]);
      this.#later(next, () => this.#forkManager(next));
    });
  }

  #forkSender(index: number, delayMs: number): void {
    if (this.#isStopping) return;
    const serial = ++this.#lastSerial;
    const sender = new SenderModel(this.#around, index, serial);
    this.senders[index] = sender;
    this.#watch(sender.process, delayMs, (next) => {
      const { manager } = this;
      manager?.process.after(1, () => manager.senderEnded(serial));
      this.#later(next, () => this.#forkSender(index, next));
    });
  }

  #forkReceiver(index: number, delayMs: number): void {
    if (this.#isStopping) return;
    const receiver = new ReceiverModel(this.#around, index, ++this.#lastSerial);
    this.receivers[index] = receiver;
    this.#watch(receiver.process, delayMs, (next) =>
      this.#later(next, () => this.#forkReceiver(index, next)),
    );
  }

  /** @param ended - told how long to wait before the next one */
  #watch(process: SimProcess, delayMs: number, ended: (nextMs: number) => void): void {
    const { clock, random } = this.#around;
    const child: Child = { serial: this.#lastSerial, process, heartbeat: new Heartbeat() };
    const startedMs = clock.nowMs;
    this.#children.add(child);
    process.onEnd(() => {
      this.#children.delete(child);
      const isStable = clock.nowMs - startedMs > stableMs;
      const nextMs = isStable ? firstDelayMs : Math.min(2 * delayMs, longestDelayMs);
      // The system tells it a moment later.
      this.#later(1 + random.below(30), () => ended(nextMs));
    });
  }

  #later(ms: number, act: () => void): void {
    this.#around.clock.at(this.#around.clock.nowMs + ms, () => {
      if (this.#isAlive) act();
    });
  }

  #beat(): void {
    const { manager } = this;
    const ofManager = [...this.#children].find(({ process }) => process === manager?.process);
    this.#awaited.beat(manager?.isUp === true && ofManager?.heartbeat.isStalled === false);
    for (const { serial, process, heartbeat } of this.#children) {
      if (heartbeat.beat()) process.after(1, () => this.#later(1, () => heartbeat.answered()));
      if (this.#isStopping) continue;
      const isRecovering = process === manager?.process && !manager.isUp;
      if (this.#awaited.mustEnd(serial, heartbeat) || (heartbeat.isLost(60_000) && !isRecovering))
        process.kill();
    }
    this.#later(beatEveryMs, () => this.#beat());
  }
}
