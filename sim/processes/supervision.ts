// A supervisor in simulation, by the rules of `src/process/supervise/supervisor.ts`: it restarts processes that ended, checks
// their heartbeats, and kills those that must end. When it is killed, its processes end as soon as they notice it, and the
// next supervisor waits for them.

import { AwaitedSenders } from '../../src/process/supervise/awaited-senders.ts';
import { beatEveryMs, Heartbeat } from '../../src/process/watch/heartbeat.ts';
import type { Actor } from './actor.ts';
import type { Surroundings } from './surroundings.ts';
import { ManagerModel } from './manager-model.ts';
import { SenderModel } from './sender-model.ts';

/** Time that processes of an earlier supervisor get to end by themselves. */
const patienceMs = 2_000;

interface Child {
  readonly serial: number;
  readonly actor: Actor;
  readonly heartbeat: Heartbeat;
}

export class Supervision {
  readonly #surroundings: Surroundings;
  /** Processes of the supervisor before, which must end before this one starts its own. */
  readonly #leftOver: readonly Actor[];
  readonly awaited = new AwaitedSenders();
  readonly #children = new Set<Child>();
  manager: ManagerModel | undefined;
  readonly senders: (SenderModel | undefined)[] = [];
  #isAlive = true;
  #lastSerial = 0;

  /** @param leftOver - processes of the supervisor before */
  constructor(surroundings: Surroundings, senders: number, leftOver: readonly Actor[]) {
    this.#surroundings = surroundings;
    this.#leftOver = leftOver;
    let waits = leftOver.filter(({ isAlive }) => isAlive).length;
    const start = (): void => {
      if (!this.#isAlive) return;
      this.#forkManager();
      for (let index = 0; index < senders; index++) this.#forkSender(index);
      this.#beat();
    };
    if (waits === 0) start();
    for (const actor of leftOver) {
      if (!actor.isAlive) continue;
      actor.onEnd(() => {
        waits--;
        if (waits === 0) start();
      });
    }
    surroundings.clock.at(surroundings.clock.nowMs + patienceMs, () => {
      if (this.#isAlive) for (const actor of leftOver) actor.kill();
    });
  }

  get actors(): readonly Actor[] {
    return [...this.#children].map(({ actor }) => actor);
  }

  /** SIGKILL. Returns the processes that it leaves behind, and those of the supervisor before it. */
  kill(): readonly Actor[] {
    this.#isAlive = false;
    const left = this.actors;
    for (const actor of left) actor.run(() => actor.kill());
    return [...left, ...this.#leftOver];
  }

  #forkManager(): void {
    const earlierSenders = this.#surroundings.doesAskForSenders
      ? this.senders.flatMap((sender) => (sender?.actor.isAlive === true ? [sender.serial] : []))
      : [];
    const manager = new ManagerModel(this.#surroundings, earlierSenders);
    this.manager = manager;
    this.#watch(manager.actor, () => {
      this.awaited.set([]);
      this.#restart(() => this.#forkManager());
    });
  }

  #forkSender(index: number): void {
    const sender = new SenderModel(this.#surroundings, this.#lastSerial + 1);
    this.senders[index] = sender;
    this.#watch(sender.actor, () => {
      const { manager } = this;
      manager?.actor.after(1, () => manager.senderEnded(sender.serial));
      this.#restart(() => this.#forkSender(index));
    });
  }

  #watch(actor: Actor, ended: () => void): void {
    const child: Child = { serial: ++this.#lastSerial, actor, heartbeat: new Heartbeat() };
    this.#children.add(child);
    actor.onEnd(() => {
      this.#children.delete(child);
      // The supervisor learns of the end a moment later, as from SIGCHLD.
      this.#later(1 + this.#surroundings.random.below(30), ended);
    });
  }

  /** Starts a process again after the usual pause. */
  #restart(fork: () => void): void {
    this.#later(100 + this.#surroundings.random.below(300), fork);
  }

  #later(ms: number, act: () => void): void {
    this.#surroundings.clock.at(this.#surroundings.clock.nowMs + ms, () => {
      if (this.#isAlive) act();
    });
  }

  #beat(): void {
    const { manager } = this;
    const ofManager = [...this.#children].find(({ actor }) => actor === manager?.actor);
    this.awaited.beat(manager?.isUp === true && ofManager?.heartbeat.isStalled === false);
    for (const { serial, actor, heartbeat } of this.#children) {
      if (heartbeat.beat()) actor.after(1, () => this.#later(1, () => heartbeat.answered()));
      const isRecovering = actor === manager?.actor && !manager.isUp;
      if (this.awaited.mustEnd(serial, heartbeat) || (heartbeat.isLost && !isRecovering)) actor.kill();
    }
    this.#later(beatEveryMs, () => this.#beat());
  }
}
