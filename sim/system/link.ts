// The channel between two processes, as `socket-channel.ts` behaves: batches leave at the end of a turn and arrive in order;
// the end of a process closes it, and what had left before still arrives. It can break while both processes live: then what
// is under way in either direction is lost, and each end hears of it. It repeats nothing by itself: `ManagerLink` does, which
// posts again what a receiver's manager has not confirmed, and says in a sender's hello what was delivered.

import { channelWindow } from '../../src/channel/channel.ts';
import type { ConfirmedChannel } from '../../src/channel/manager-link.ts';
import type { Ground } from './ground.ts';
import type { SimProcess } from './sim-process.ts';

/** Told of the messages on a link; the books know by it what a process may know. */
export interface Overheard {
  /** It was decided in this step to say so. @param by - the process that says it */
  posted(message: unknown, by: SimProcess): void;
  /** They have left, and nothing can hold them back but the end of the link. */
  left(batch: readonly unknown[]): void;
  /** @param by - the process that they have arrived at; undefined: they are lost */
  ended(batch: readonly unknown[], by: SimProcess | undefined): void;
  /** They are read, in this step: when they arrive, or when the process is up. */
  taken(batch: readonly unknown[], by: SimProcess): void;
}

export interface LinkOptions {
  readonly ground: Ground;
  readonly overheard: Overheard;
  /** Ms that a batch takes. */
  readonly delayMs: () => number;
  /** After so many messages that were taken the other end is told. */
  readonly tellsAfter: number;
}

/** Both ends of a link between two processes. */
export function link<A, B>(
  options: LinkOptions,
  left: SimProcess,
  right: SimProcess,
): [LinkEnd<A, B>, LinkEnd<B, A>] {
  const toRight = new LinkEnd<A, B>(options, left, right);
  const toLeft = new LinkEnd<B, A>(options, right, left);
  toRight.connect(toLeft);
  toLeft.connect(toRight);
  left.onEnd(() => toRight.ownerEnded());
  right.onEnd(() => toLeft.ownerEnded());
  return [toRight, toLeft];
}

export class LinkEnd<Out, In> implements ConfirmedChannel<Out, In> {
  readonly #options: LinkOptions;
  readonly #from: SimProcess;
  readonly #to: SimProcess;
  #peer: LinkEnd<In, Out> | undefined;
  #queue: Out[] = [];
  #isScheduled = false;
  /** Batches under way, oldest first. */
  readonly #underWay: (readonly Out[])[] = [];
  #lastArrivalMs = 0;
  #posted = 0;
  #takenByPeer = 0;
  #taken = 0;
  #takenTold = 0;
  #isOpen = true;
  #isBroken = false;
  #isClosing = false;
  #take: ((batch: readonly In[]) => void) | undefined;
  #early: (readonly In[])[] = [];
  #closed: (() => void)[] = [];
  #drained: (() => void)[] = [];
  #onTaken: (count: number) => void = () => undefined;

  constructor(options: LinkOptions, from: SimProcess, to: SimProcess) {
    this.#options = options;
    this.#from = from;
    this.#to = to;
  }

  connect(peer: LinkEnd<In, Out>): void {
    this.#peer = peer;
  }

  /** Is everything that either end has said known to the other? */
  get isSettled(): boolean {
    return this.#isOpen && !this.#isBroken && this.isQuiet && this.#peer?.isQuiet === true;
  }

  get other(): SimProcess {
    return this.#to;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Nothing is under way, waits to leave, or has arrived and not been looked at. */
  get isQuiet(): boolean {
    return this.#underWay.length === 0 && this.#queue.length === 0 && this.#early.length === 0;
  }

  get congested(): boolean {
    return this.#posted - this.#takenByPeer > channelWindow;
  }

  post(message: Out): void {
    this.#options.overheard.posted(message, this.#from);
    this.#queue.push(message);
    this.#posted++;
    this.#schedule();
  }

  receive(take: (batch: readonly In[]) => void): void {
    this.#take = take;
    const early = this.#early;
    this.#early = [];
    for (const batch of early) this.#hand(batch);
  }

  whenDrained(callback: () => void): void {
    if (this.congested && this.#isOpen) this.#drained.push(callback);
    else callback();
  }

  onClosed(callback: () => void): void {
    if (this.#isOpen) this.#closed.push(callback);
    else callback();
  }

  /** Calls back with how many more messages the peer has taken. */
  onTaken(callback: (count: number) => void): void {
    this.#onTaken = callback;
  }

  close(): void {
    this.#flush();
    this.#isClosing = true;
    this.#leave();
  }

  /** The link is no more, and what is under way with it. One that was closed is left to the system, which loses nothing. */
  break(): void {
    if (this.#isClosing || this.#peer?.isClosing === true) return;
    this.breakHere();
    this.#peer?.breakHere();
  }

  /** The system closes what a dead process had open; what it had not written is gone. */
  ownerEnded(): void {
    this.#queue = [];
    this.#leave();
    this.#peer?.dropped();
  }

  breakHere(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.dropped();
    this.#later(() => this.#peer?.lost());
  }

  #leave(): void {
    if (!this.#isBroken) this.#later(() => this.#peer?.lost());
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#from.timers.setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#isOpen || this.#isBroken) return;
    if (this.#queue.length === 0 && this.#taken === this.#takenTold) return;
    const batch = this.#queue;
    const taken = this.#taken;
    this.#queue = [];
    this.#takenTold = taken;
    this.#underWay.push(batch);
    this.#options.overheard.left(batch);
    this.#later(() => this.#arrive(batch, taken));
    // The other process has ended, and this one has not noticed it yet: nobody will ever read what it writes.
    if (!this.#to.isAlive) this.dropped();
  }

  /** In order, and only when the other process looks. */
  #later(arrive: () => void): void {
    const { clock } = this.#options.ground;
    const atMs = Math.max(this.#lastArrivalMs, clock.nowMs + this.#options.delayMs());
    this.#lastArrivalMs = atMs;
    clock.at(atMs, () => this.#to.run(arrive));
  }

  /** What is under way is lost. */
  dropped(): void {
    for (const batch of this.#underWay) this.#options.overheard.ended(batch, undefined);
    this.#underWay.length = 0;
  }

  #arrive(batch: readonly Out[], taken: number): void {
    // Broken meanwhile: it was lost then.
    if (this.#underWay[0] !== batch) return;
    this.#underWay.shift();
    this.#options.overheard.ended(batch, this.#to);
    this.#peer?.arrived(batch, taken);
  }

  arrived(batch: readonly In[], takenByPeer: number): void {
    if (!this.#isOpen) return;
    if (takenByPeer > this.#takenByPeer) this.#onTaken(takenByPeer - this.#takenByPeer);
    this.#takenByPeer = takenByPeer;
    if (!this.congested) {
      const drained = this.#drained;
      this.#drained = [];
      for (const callback of drained) callback();
    }
    if (batch.length === 0) return;
    if (this.#take === undefined) this.#early.push(batch);
    else this.#hand(batch);
  }

  #hand(batch: readonly In[]): void {
    this.#options.overheard.taken(batch, this.#from);
    this.#take?.(batch);
    this.#taken += batch.length;
    if (this.#taken - this.#takenTold > this.#options.tellsAfter) this.#schedule();
  }

  /** The peer is gone. */
  lost(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const waiting = [...this.#drained, ...this.#closed];
    this.#drained = [];
    this.#closed = [];
    for (const callback of waiting) callback();
  }
}
