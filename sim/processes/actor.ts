// A simulated process: its events wait while it is stopped, and are dropped when it is killed. Links between processes
// deliver in order. Messages that a process sent before it died still arrive, and after them the close of its link.

import type { Channel } from '../../src/channel/channel.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import type { VirtualClock } from '../../src/simulate/virtual-clock.ts';

export class Actor {
  readonly #clock: VirtualClock;
  readonly #ends: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  #isAlive = true;
  #isStopped = false;
  /** Ms at which its last message arrives: links that it opens one after another are read in that order. */
  lastArrivalMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Handles an event: at once, or when a stopped process is continued. */
  run(act: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isStopped) this.#waiting.push(act);
    else act();
  }

  after(ms: number, act: () => void): void {
    this.#clock.at(this.#clock.nowMs + ms, () => this.run(act));
  }

  /** SIGSTOP. */
  stop(): void {
    this.#isStopped = true;
  }

  /** SIGCONT. */
  continue(): void {
    this.#isStopped = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) this.run(act);
  }

  /** SIGKILL, which a stopped process obeys, too; or the process's own end. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#waiting = [];
    for (const end of this.#ends) end();
  }

  onEnd(end: () => void): void {
    this.#ends.push(end);
  }
}

/** Creates a link between two processes. Returns both ends, that of `left` first. */
export function link<A, B>(
  clock: VirtualClock,
  random: Random,
  left: Actor,
  right: Actor,
): [Channel<A, B>, Channel<B, A>] {
  const toRight = new LinkEnd<A, B>(clock, random, left, right);
  const toLeft = new LinkEnd<B, A>(clock, random, right, left);
  toRight.peer = toLeft;
  toLeft.peer = toRight;
  left.onEnd(() => toRight.close());
  right.onEnd(() => toLeft.close());
  return [toRight, toLeft];
}

class LinkEnd<Out, In> implements Channel<Out, In> {
  readonly congested = false;
  peer: LinkEnd<In, Out> | undefined;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #from: Actor;
  readonly #to: Actor;
  #take: (batch: readonly In[]) => void = () => undefined;
  #closed: () => void = () => undefined;
  #isOpen = true;

  constructor(clock: VirtualClock, random: Random, from: Actor, to: Actor) {
    this.#from = from;
    this.#clock = clock;
    this.#random = random;
    this.#to = to;
  }

  post(message: Out): void {
    if (this.#isOpen) this.#send(() => this.peer?.arrived(message));
  }

  whenDrained(callback: () => void): void {
    callback();
  }

  receive(take: (batch: readonly In[]) => void): void {
    this.#take = take;
  }

  onClosed(callback: () => void): void {
    this.#closed = callback;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#send(() => this.peer?.peerClosed());
  }

  arrived(message: In): void {
    this.#take([message]);
  }

  peerClosed(): void {
    this.#closed();
  }

  #send(arrive: () => void): void {
    const atMs = Math.max(this.#from.lastArrivalMs, this.#clock.nowMs + this.#random.below(10));
    this.#from.lastArrivalMs = atMs;
    this.#clock.at(atMs, () => this.#to.run(arrive));
  }
}
