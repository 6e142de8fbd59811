// Several stores behind one manager and one scheduler. Each has its mail, its journal and its disk; what happens to one of
// them (it hangs, fills up, fails, cannot be read at the start) leaves the mail of the others alone:
//
// 1. All stores are opened and recovered at the same time. The start waits for those that make progress; a store that hangs
//    or fails comes later, and is tried again until it is there.
// 2. While the outcomes of a store cannot be stored, `onBlocked` names it, so that only its mail pauses.
// 3. A call about a message goes to the store that has it. What a store does not have, it does not need to hear of.

import type { Timers } from '../io/timers.ts';
import { type BringParts, bringStore } from './bring-store.ts';
import { HomelessOutcomes } from './homeless-outcomes.ts';
import { leaveStore } from './leave-store.ts';
import { awayError, Member, noUsage, stalledError, stoppedError } from './queue-member.ts';
import { SpoolError } from './spool-error.ts';
import type { QueuesEvents, StoreOpener } from './store-opener.ts';

import type { Outcome, RecoveredMessage, SpoolStore, SpoolUsage, StoredRef, StoreState } from './types.ts';

const done = Promise.resolve();
/** Beyond these, they wait for the next start. */
const mostEarly = 10_000;

export class Queues implements SpoolStore {
  /** By the number of the store; it may grow. */
  readonly #members: Member[];
  readonly #events: QueuesEvents;
  readonly #bringing: BringParts;
  #phase: 'new' | 'recovering' | 'open' | 'closed' = 'new';
  /**
   * Outcomes of mail of a store that is not there: what operators did to it, and what senders delivered for an earlier
   * manager. They are booked when the store has come.
   */
  readonly #homeless = new HomelessOutcomes();
  /** Messages of stores that are not known yet, because receivers have heard of them first. */
  readonly #early: (readonly [queueId: string, ref: StoredRef, recipients: number])[] = [];
  /** Takes what a store recovers while the start waits for it. */
  #found: RecoveredMessage[] = [];
  #wake: () => void = () => undefined;

  constructor(openers: readonly StoreOpener[], events: QueuesEvents, timers: Timers) {
    this.#events = events;
    this.#members = openers.map((opener, number) => new Member(number, opener, events.onBlocked));
    this.#bringing = {
      events,
      timers,
      homeless: this.#homeless,
      take: (message) => this.#take(message),
      isClosed: () => this.#phase === 'closed',
      isWhole: () => this.isWhole,
    };
  }

  async *recover(): AsyncGenerator<RecoveredMessage> {
    if (this.#phase !== 'new') throw new SpoolError('SPOOL_NOT_OPEN', 'recover() may be called once only');
    this.#phase = 'recovering';
    let coming = this.#members.length;
    for (const member of this.#members) {
      if (member.isStopped) {
        coming--;
        continue;
      }
      void member.unlessStalled(this.#bring(member)).then(() => {
        coming--;
        this.#wake();
      });
    }
    while (coming > 0 || this.#found.length > 0) {
      const found = this.#found;
      this.#found = [];
      yield* found;
      if (coming === 0 || this.#found.length > 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#phase = 'open';
    // Its mail must not be delivered before its outcomes can be booked.
    for (const member of this.#members) if (!member.isRecovered) member.isLate();
  }

  /** Resolves when the first try has ended. Further tries follow until it is there. */
  #bring(member: Member): Promise<void> {
    member.opening = bringStore(member, this.#bringing);
    return member.opening;
  }

  /** Adds stores that are new, stops and starts others. Resolves when the files of those that stop are closed. */
  async follow(openers: readonly StoreOpener[]): Promise<void> {
    const stopped = openers.map((opener, number) => {
      if (this.#members[number] === undefined) this.#add(opener);
      else if (opener.isStopped) return this.#stop(number);
      else this.#start(number);
      return undefined;
    });
    await Promise.all(stopped);
  }

  /** Adds a store, which is opened and read while the others go on. */
  #add(opener: StoreOpener): void {
    const member = new Member(this.#members.length, opener, this.#events.onBlocked);
    this.#members.push(member);
    for (const early of this.#early) if (early[1].store === member.number) member.addReport(...early);
    if (this.#phase !== 'open') return;
    member.isLate();
    void this.#bring(member);
  }

  /** Begins to use a store that was stopped; it comes when it can be read. */
  #start(number: number): void {
    const member = this.#members[number];
    if (member === undefined || !member.isStopped) return;
    member.isStopped = false;
    member.isLate();
    void member.stopping.then(() => {
      // Nothing has ended in between.
      if (member.isRecovered) member.absence = undefined;
      else void this.#bring(member);
    });
  }

  /**
   * Ends the use of a store: nothing of it is granted any more; when nothing is in flight, its outcomes are stored, its mail is forgotten and its
   * files are closed. Outcomes that come later are booked when it is started.
   */
  #stop(number: number): Promise<void> {
    const member = this.#members[number];
    if (member === undefined) return Promise.resolve();
    if (!member.isStopped) {
      member.isStopped = true;
      member.absence = stoppedError();
      member.stopping = leaveStore(member, this.#events);
    }
    return member.stopping;
  }

  /** Hands a message on, without the recipients that are known to be done since a sender has said so. */
  #take(found: RecoveredMessage): void {
    const message = this.#homeless.appliedTo(found);
    if (message.waiting.length === 0) return;
    if (this.#phase === 'recovering') {
      this.#found.push(message);
      this.#wake();
    } else if (this.#phase === 'open') this.#events.onStray(message);
  }

  *#open(): Generator<SpoolStore> {
    for (const { store } of this.#members) if (store !== undefined) yield store;
  }

  /** The store that has a message; undefined when it is done, or its store is not there. */
  #of(queueId: string): SpoolStore | undefined {
    return this.#memberOf(queueId)?.store;
  }

  /** Stores that take outcomes: one that recovers later than the start is not among them before it is through. */
  #memberOf(queueId: string): Member | undefined {
    for (const member of this.#members)
      if (
        member.store !== undefined &&
        (member.isRecovered || this.#phase === 'recovering') &&
        member.store.locate(queueId) !== undefined
      )
        return member;
    return undefined;
  }

  #requireOpen(): void {
    if (this.#phase === 'recovering' || this.#phase === 'open') return;
    throw new SpoolError('SPOOL_NOT_OPEN', 'the stores of this instance are not open');
  }

  submitted(queueId: string, ref: StoredRef, recipients: number): boolean {
    this.#requireOpen();
    const member = this.#members[ref.store];
    if (member === undefined) {
      if (this.#early.length < mostEarly) this.#early.push([queueId, ref, recipients]);
      return false;
    }
    if (member.store !== undefined && member.isRecovered) {
      return member.store.submitted(queueId, ref, recipients);
    }
    // Whether the message is new is known when the journal has been read.
    member.addReport(queueId, ref, recipients);
    return false;
  }

  settle(outcomes: readonly Outcome[]): void {
    this.#requireOpen();
    for (const outcome of outcomes) {
      const store = this.#of(outcome.queueId);
      if (store !== undefined) store.settle([outcome]);
      else if (!this.isWhole) this.#homeless.add(outcome);
    }
  }

  get isWhole(): boolean {
    return this.#members.every(({ isRecovered }) => isRecovered);
  }

  isDamaged(queueId: string): boolean {
    return this.#of(queueId)?.isDamaged(queueId) ?? false;
  }

  locate(queueId: string): StoredRef | undefined {
    return this.#of(queueId)?.locate(queueId);
  }

  pin(queueId: string): void {
    const member = this.#memberOf(queueId);
    if (member === undefined) return;
    member.store?.pin(queueId);
    member.pins.add(queueId);
  }

  unpin(queueId: string): void {
    // Its last outcome may be booked: then no store has it any more.
    const member = this.#members.find(({ pins }) => pins.delete(queueId));
    member?.store?.unpin(queueId);
  }

  /** Resolves when the stores whose disk answers have done their step; a store with a step under way begins no other. */
  async maintain(nowMs: number): Promise<void> {
    const failures: unknown[] = [];
    await Promise.all(
      this.#members.map((member) => {
        const { store } = member;
        if (store === undefined || !member.isRecovered || member.maintaining !== undefined) return undefined;
        void member.askFree();
        member.maintaining = store
          .maintain(nowMs)
          .catch((error: unknown) => void failures.push(error))
          .finally(() => {
            member.maintaining = undefined;
          });
        return member.unlessStalled(member.maintaining);
      }),
    );
    if (failures.length > 0) throw failures[0];
  }

  usage(): SpoolUsage {
    let sum = noUsage;
    for (const store of this.#open()) {
      const { segments, bytes, liveMessages, damagedMessages } = store.usage();
      sum = {
        segments: sum.segments + segments,
        bytes: sum.bytes + bytes,
        liveMessages: sum.liveMessages + liveMessages,
        damagedMessages: sum.damagedMessages + damagedMessages,
      };
    }
    return sum;
  }

  states(): readonly StoreState[] {
    return this.#members.map((member) => member.state);
  }

  get unstored(): number {
    let sum = this.#homeless.count;
    for (const store of this.#open()) sum += store.unstored;
    return sum;
  }

  /** Rejects when the outcomes of a store cannot be stored; does not wait for a disk that hangs. */
  async flush(only?: readonly number[]): Promise<void> {
    if (only === undefined && this.#homeless.count > 0 && !this.isWhole) throw awayError();
    await Promise.all(
      this.#members.map(async (member) => {
        const { store } = member;
        if (only?.includes(member.number) === false) return;
        if (store === undefined || store.unstored === 0) return;
        const isStored = await member.unlessStalled(store.flush().then(() => true));
        if (isStored !== true) throw stalledError();
      }),
    );
  }

  async storeOutcomes(withinMs: number): Promise<number> {
    const counts = await Promise.all([...this.#open()].map((store) => store.storeOutcomes(withinMs)));
    return counts.reduce((sum, count) => sum + count, this.#homeless.count);
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    const closed = this.#members.map((member) => member.unlessStalled(member.store?.close() ?? done));
    const results = await Promise.allSettled(closed);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
