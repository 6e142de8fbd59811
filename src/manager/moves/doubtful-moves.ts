// Messages that a start finds in two stores, since Sluice ended while they were moved to another queue; and copies that have come of moves which were
// called off. Promises: each recipient stays in exactly one of the stores, and is not tried before it is known in which. The old store decides, since it
// was the last to be written: recipients that still wait there have not moved.

import type { MessageHandle, Scheduler } from '../../schedule/types.ts';
import type { Delivered } from '../../deliver/delivered-lately.ts';
import type { Outcome, RecoveredMessage, SpoolStore } from '../../spool/types.ts';
import type { MoveHolds } from './move-holds.ts';
import type { MoveIntent, MoveIntents } from './move-intents.ts';
import { removedOf } from './moved-message.ts';

/** Moves that were called off, whose copies may still be found. The eldest of more than these are forgotten. */
const mostCalledOff = 1_000;

export interface DoubtfulMovesParts {
  readonly holds: Pick<MoveHolds, 'begin' | 'end'>;
  readonly intents: Pick<MoveIntents, 'end' | 'tidy'>;
  readonly store: Pick<SpoolStore, 'flush' | 'isWhole' | 'settle'>;
  readonly scheduler: Pick<Scheduler, 'find' | 'recipientsOf'>;
}

export class DoubtfulMoves {
  readonly #parts: DoubtfulMovesParts;
  /** By new queue id: those of before this start, then those that were called off since. */
  #left: ReadonlyMap<string, MoveIntent>;
  readonly #calledOff = new Map<string, MoveIntent>();
  /** New messages that are not decided yet. */
  readonly #found = new Map<string, RecoveredMessage>();
  /** Decided, but not on stable storage yet: the stores, and the intents. */
  #unflushed: { readonly stores: ReadonlySet<number>; readonly intents: readonly MoveIntent[] } | undefined;
  #isFlushing = false;
  /** Old messages that are held, by queue id, and those of them that are decided for good. */
  #held = new Set<string>();
  #free: ReadonlySet<string> = new Set();

  /** @param left - the intents of before this start */
  constructor(left: readonly MoveIntent[], parts: DoubtfulMovesParts) {
    this.#parts = parts;
    this.#left = new Map(left.map((each) => [each.to, each]));
  }

  /** These were called off, and their new messages may be found later all the same. */
  add(intents: readonly MoveIntent[]): void {
    for (const each of intents) this.#calledOff.set(each.to, each);
    const eldest = [...this.#calledOff.values()].slice(0, Math.max(0, this.#calledOff.size - mostCalledOff));
    for (const { to } of eldest) this.#calledOff.delete(to);
    this.#parts.intents.end(eldest);
  }

  /** Is it one of the new ones? Then it is kept until `decided`. */
  keeps(message: RecoveredMessage): boolean {
    const { queueId } = message;
    if (!this.#left.has(queueId) && !this.#calledOff.has(queueId)) return false;
    this.#found.set(queueId, message);
    return true;
  }

  /** A message has come into the queue. If it is one of the old ones, it is held until it is decided. */
  recovered(message: MessageHandle, queueId: string): void {
    for (const { from, recipients } of this.#left.values())
      if (from === queueId && recipients.length > 0) {
        this.#parts.holds.begin(message, queueId);
        this.#held.add(queueId);
        return;
      }
  }

  /** A sender has delivered these for an earlier manager. */
  delivered(delivered: readonly Delivered[]): void {
    for (const { queueId, recipients } of delivered) {
      const message = this.#found.get(queueId);
      if (message === undefined) continue;
      const waiting = message.waiting.filter(({ index }) => !recipients.includes(index));
      this.#found.set(queueId, { ...message, waiting });
    }
  }

  /**
   * Those that are known to have moved, with their recipients that have; none while a store is not there. To be called now and then.
   * @param nowMs - scheduler time
   */
  decided(nowMs: number): readonly RecoveredMessage[] {
    const { holds, scheduler, store } = this.#parts;
    for (const from of this.#free) holds.end(scheduler.find(from), from, nowMs);
    this.#free = new Set();
    if (this.#unflushed !== undefined) {
      this.#flush();
      return [];
    }
    if (!store.isWhole) return [];
    const intents = [...this.#left.values(), ...this.#calledOff.values()].filter(
      ({ to }) => this.#left.has(to) || this.#found.has(to),
    );
    if (intents.length === 0) return [];
    const moved: RecoveredMessage[] = [];
    const stores = new Set<number>();
    for (const intent of intents) {
      const message = this.#found.get(intent.to);
      if (message === undefined) continue;
      const { waiting, gone } = this.#parted(message, intent);
      if (gone.length > 0) {
        store.settle(gone);
        stores.add(message.ref.store);
      }
      if (waiting.length > 0) moved.push({ ...message, waiting });
    }
    this.#left = new Map();
    for (const { to } of intents) this.#calledOff.delete(to);
    this.#found.clear();
    this.#unflushed = { stores, intents };
    this.#flush();
    return moved;
  }

  /** Recipients of a new message that have moved, and what its journal has to know of the others. */
  #parted(
    message: RecoveredMessage,
    { from, recipients }: MoveIntent,
  ): { readonly waiting: RecoveredMessage['waiting']; readonly gone: readonly Outcome[] } {
    const { scheduler } = this.#parts;
    const old = scheduler.find(from);
    const stayed = new Set(
      old === undefined ? [] : scheduler.recipientsOf(old).map(({ recipient }) => recipient),
    );
    const isHere = ({ index }: { readonly index: number }): boolean => {
      const recipient = recipients[index];
      return recipient !== undefined && !stayed.has(recipient);
    };
    const gone = message.waiting.filter((each) => !isHere(each));
    return { waiting: message.waiting.filter(isHere), gone: removedOf(message, gone) };
  }

  /** Until this has succeeded, another crash finds the same; so the old ones stay held. */
  #flush(): void {
    const { intents, store } = this.#parts;
    const unflushed = this.#unflushed;
    if (unflushed === undefined || this.#isFlushing) return;
    this.#isFlushing = true;
    void store
      .flush([...unflushed.stores])
      .then(
        () => {
          this.#unflushed = undefined;
          this.#free = this.#held;
          this.#held = new Set();
          intents.end(unflushed.intents);
          return intents.tidy();
        },
        () => undefined,
      )
      .finally(() => {
        this.#isFlushing = false;
      });
  }
}
