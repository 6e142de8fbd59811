// Several stores behind one manager and one scheduler. Each has its mail, its journal and its disk; what happens to one of
// them (it hangs, fills up, fails, cannot be read at the start) leaves the mail of the others alone:
//
// 1. All stores are opened and recovered at the same time. The start waits for those that make progress; a store that hangs
//    or fails comes later, and is tried again until it is there.
// 2. While the outcomes of a store cannot be stored, `onBlocked` names it, so that only its mail pauses.
// 3. A call about a message goes to the store that has it. What a store does not have, it does not need to hear of.

import type { Timers } from '../io/timers.ts';
import { HomelessOutcomes } from './homeless-outcomes.ts';
import { awayError, Member, noUsage, stalledError } from './queue-member.ts';
import { asRecovered } from './as-recovered.ts';
import { SpoolError } from './spool-error.ts';
import type {
  Outcome,
  RecoveredMessage,
  StoredMessage,
  SpoolStore,
  SpoolUsage,
  StoredRef,
  StoreEvents,
  StoreState,
} from './types.ts';

/** A store that could not be read at the start is tried again after this time. */
const retryMs = 10_000;

/** One of several stores. Its number is its index in the list. */
export interface StoreOpener {
  open(events: StoreEvents): Promise<SpoolStore>;
  /** Reads a message that was reported before the store was there. */
  read(ref: StoredRef): Promise<StoredMessage>;
  /** Free space on its disk, in bytes. */
  freeBytes(): Promise<number>;
  /** Calls back when operations on its disk begin to hang, and when they do no more; see `boundedFiles`. */
  watch(stalled: (isStalled: boolean) => void): void;
}

export interface QueuesEvents extends Omit<StoreEvents, 'onBlocked'> {
  /** As that of a store, with its number. */
  readonly onBlocked: (reason: SpoolError | undefined, store: number) => void;
}

const done = Promise.resolve();

export class Queues implements SpoolStore {
  readonly #openers: readonly StoreOpener[];
  readonly #members: readonly Member[];
  readonly #events: QueuesEvents;
  readonly #timers: Timers;
  #phase: 'new' | 'recovering' | 'open' | 'closed' = 'new';
  /**
   * Outcomes of mail of a store that is not there: what operators did to it, and what senders delivered for an earlier
   * manager. They are booked when the store has come.
   */
  readonly #homeless = new HomelessOutcomes();
  /** Takes what a store recovers while the start waits for it. */
  #found: RecoveredMessage[] = [];
  #wake: () => void = () => undefined;

  constructor(openers: readonly StoreOpener[], events: QueuesEvents, timers: Timers) {
    this.#openers = openers;
    this.#events = events;
    this.#timers = timers;
    this.#members = openers.map((opener, number) => {
      const member = new Member(number, events.onBlocked);
      opener.watch((isStalled) => member.setStalled(isStalled));
      return member;
    });
  }

  async *recover(): AsyncGenerator<RecoveredMessage> {
    if (this.#phase !== 'new') throw new SpoolError('SPOOL_NOT_OPEN', 'recover() may be called once only');
    this.#phase = 'recovering';
    let coming = this.#members.length;
    for (const member of this.#members) {
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

  /** Opens and recovers a store; resolves when the first try has ended. Further tries follow until it is there. */
  async #bring(member: Member): Promise<void> {
    const opener = this.#openers[member.number];
    if (opener === undefined || this.#phase === 'closed') return;
    // What an earlier try says by now, it says of files that nobody uses any more.
    let isCurrent = true;
    member.journalReason = undefined;
    try {
      const store = await opener.open({
        ...this.#events,
        onBlocked: (reason) => {
          if (isCurrent) member.journalReason = reason;
        },
      });
      member.store = store;
      for await (const message of store.recover()) {
        if (member.yielded.has(message.queueId)) continue;
        member.yielded.add(message.queueId);
        this.#take(message);
      }
      member.isRecovered = true;
      store.settle(this.#homeless.all);
      member.yielded.clear();
      member.absence = undefined;
      await this.#hearReports(member, store, opener);
      if (this.isWhole) this.#homeless.clear();
    } catch (error) {
      isCurrent = false;
      const why = error instanceof Error ? error.message : String(error);
      const text = `the store cannot be read, and is tried again every ${retryMs / 1000} s: ${why}`;
      member.absence = new SpoolError('SPOOL_UNREADABLE', text, { cause: error });
      const half = member.store;
      member.store = undefined;
      void half?.close().catch(() => undefined);
      this.#timers.setTimeout(() => void this.#bring(member), retryMs).unref();
    }
  }

  /** Adds messages that were reported before the store was there, and that it has not found by itself. */
  async #hearReports(member: Member, store: SpoolStore, opener: StoreOpener): Promise<void> {
    for (const [queueId, { ref, recipients }] of member.takeReports()) {
      if (!store.submitted(queueId, ref, recipients)) continue;
      const message = await opener.read(ref).catch((error: unknown) => error);
      if (message instanceof Error) {
        const text = `it waits for the next start, because it cannot be read: ${message.message}`;
        this.#events.onProblem({ kind: 'missing', place: queueId, text });
      } else this.#take(asRecovered(ref, message as StoredMessage));
    }
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
    for (const store of this.#whole()) if (store.locate(queueId) !== undefined) return store;
    return undefined;
  }

  /** Stores that take outcomes: one that recovers later than the start is not among them before it is through. */
  *#whole(): Generator<SpoolStore> {
    for (const { store, isRecovered } of this.#members)
      if (store !== undefined && (isRecovered || this.#phase === 'recovering')) yield store;
  }

  #requireOpen(): void {
    if (this.#phase === 'recovering' || this.#phase === 'open') return;
    throw new SpoolError('SPOOL_NOT_OPEN', 'the stores of this instance are not open');
  }

  submitted(queueId: string, ref: StoredRef, recipients: number): boolean {
    this.#requireOpen();
    const member = this.#members[ref.store];
    if (member === undefined) return false;
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
    this.#of(queueId)?.pin(queueId);
  }

  unpin(queueId: string): void {
    this.#of(queueId)?.unpin(queueId);
  }

  /** Resolves when the stores whose disk answers have done their step; a store with a step under way begins no other. */
  async maintain(nowMs: number): Promise<void> {
    const failures: unknown[] = [];
    await Promise.all(
      this.#members.map((member) => {
        const { store } = member;
        if (store === undefined || !member.isRecovered || member.maintaining !== undefined) return undefined;
        void member.askFree(this.#openers[member.number]);
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
