// Moves waiting mail to the store of another queue. Promises: a message is whole on stable storage in the new store, with all that was known of its
// recipients, before these leave the old one, and is not tried there before they have left; so each is in both for a moment, is lost by no crash, and is
// delivered once, since a start finds out by the intents (`move-intents.ts`) which of the two counts. Recipients in a transaction stay, and are named.

import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import type { Events } from '../../log/events.ts';
import { errorText } from '../../policy/error-text.ts';
import type { Scheduler, WaitingRecipient } from '../../schedule/types.ts';
import { SpoolError } from '../../spool/spool-error.ts';
import type { Outcome, RecoveredMessage, SpoolReader, SpoolStore, SpoolWriter } from '../../spool/types.ts';
import type { Admission } from '../admission.ts';
import type { GivingUp } from '../giving-up.ts';
import type { ChosenMessage } from '../jobs/message-choice.ts';
import type { Manager } from '../manager.ts';
import { storeCopy } from '../onward/new-mail.ts';
import type { MoveIntent, MoveIntents } from './move-intents.ts';
import type { DoubtfulMoves } from './doubtful-moves.ts';
import { changesIn, leaveOld, stateOf, type StoredAnew, withChanges } from './leave-old.ts';
import { inDoubtText, type MoveHolds } from './move-holds.ts';
import type { Moved } from './moved.ts';
import { type MessageState, movedEnvelope, movedMessage, outcomesOf, removedOf } from './moved-message.ts';

/** While the old store cannot write down what has left it, that is tried again after this time. */
const againMs = 1_000;

export interface MoverParts {
  readonly store: Pick<
    SpoolStore,
    'flush' | 'isDamaged' | 'isWhole' | 'locate' | 'pin' | 'settle' | 'submitted' | 'unpin'
  >;
  readonly reader: Pick<SpoolReader, 'read'>;
  readonly writers: readonly SpoolWriter[];
  readonly manager: Pick<Manager, 'change'> & {
    readonly admission: Pick<Admission, 'passesHolds' | 'recovered' | 'warned'>;
    readonly scheduler: Pick<Scheduler, 'isQueued' | 'recipientsOf' | 'release' | 'remove'>;
  };
  readonly givingUp: Pick<GivingUp, 'isGivingUp'>;
  readonly holds: MoveHolds;
  readonly intents: MoveIntents;
  /** Takes those of which nothing has come: the new message may be there all the same. */
  readonly doubtful: Pick<DoubtfulMoves, 'add'>;
  readonly happenings: Pick<Events, 'happened'>;
  readonly clock: Pick<DatedClock, 'dateOf'>;
  readonly timers: Timers;
  /** The name of the queue whose store has this number; undefined: the default one. */
  readonly queueName: (store: number) => string | undefined;
}

/** A message in hand. */
interface Moving {
  readonly chosen: ChosenMessage;
  readonly from: number;
  readonly recipients: readonly WaitingRecipient[];
  readonly state: MessageState;
  readonly newId: string;
}

interface Stored extends Moving, StoredAnew {}

export class Mover {
  readonly #parts: MoverParts;
  /** One after the other: the intents of all are one file. */
  #last: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /** Ends what waits for a disk; the next start finds out what has moved. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when nothing is being moved. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Would this recipient be moved? */
  isElsewhere({ queueId }: Pick<ChosenMessage, 'queueId'>, to: number): boolean {
    const ref = this.#parts.store.locate(queueId);
    return ref !== undefined && ref.store !== to;
  }

  /** Moves messages, some tens at a time; their order stays. @param to - the number of the store. It never rejects. */
  move(chosen: readonly ChosenMessage[], to: number): Promise<Moved> {
    const moved = this.#last.then(() => this.#move(chosen, to));
    const last: Promise<void> = moved.then(() =>
      this.#last === last ? this.#parts.intents.tidy() : undefined,
    );
    this.#last = last;
    return moved;
  }

  async #move(chosen: readonly ChosenMessage[], to: number): Promise<Moved> {
    const counts = { recipients: 0, messages: 0, busy: [] as ChosenMessage[], refused: 0, reason: '' };
    const writer = this.#parts.writers[to];
    if (writer === undefined) return { ...counts, isFull: true, reason: `there is no store ${to}` };
    // Before any is held. A store that was never open gives no queue ids.
    const { failure } = writer;
    if (failure !== undefined) {
      const refused = chosen.reduce((sum, { recipients }) => sum + recipients.length, 0);
      return { ...counts, refused, reason: errorText(failure), isFull: true };
    }
    const inHand = chosen.flatMap((each) => this.#take(each, to, writer, counts));
    if (inHand.length === 0) return { ...counts, isFull: false };
    const intents = inHand.map(({ chosen: { queueId: from }, newId, recipients }): MoveIntent => ({
      from,
      to: newId,
      recipients: recipients.map(({ recipient }) => recipient),
    }));
    let isFull = false;
    const off: Moving[] = [];
    const refuse = (moving: readonly Moving[], error: unknown): void => {
      off.push(...moving);
      counts.refused += moving.reduce((sum, { recipients }) => sum + recipients.length, 0);
      counts.reason = errorText(error);
      isFull ||=
        error instanceof SpoolError && (error.code === 'SPOOL_FULL' || error.code === 'SPOOL_WRITE_FAILED');
    };
    try {
      await this.#parts.intents.begin(intents);
      const stored = await this.#store(inHand, writer, refuse);
      if (stored.length > 0) {
        const left = await this.#leave(stored, to, refuse);
        counts.messages += left.length;
        counts.recipients += left.reduce((sum, { waiting }) => sum + waiting.length, 0);
      }
    } catch (error) {
      refuse(inHand, error);
      isFull = true;
    } finally {
      await this.#callOff(off);
      for (const each of inHand) this.#letGo(each);
    }
    return { ...counts, isFull };
  }

  /** Their new messages may be stored all the same, and are found later: before the old ones may be delivered, a start has to know that these count. */
  async #callOff(off: readonly Moving[]): Promise<void> {
    const { doubtful, intents } = this.#parts;
    const ended = intents.callOff(off.map(({ newId }) => newId));
    if (ended.length === 0) return;
    doubtful.add(ended);
    await this.#untilDone(() => intents.write());
  }

  /** Takes what can be moved of a message out of the reach of deliveries. */
  #take(
    chosen: ChosenMessage,
    to: number,
    writer: SpoolWriter,
    counts: { readonly busy: ChosenMessage[]; refused: number; reason: string },
  ): Moving[] {
    const { givingUp, holds, manager, store } = this.#parts;
    const { scheduler } = manager;
    const { message, queueId } = chosen;
    if (!scheduler.isQueued(message, queueId)) return [];
    const ref = store.locate(queueId);
    if (ref === undefined || ref.store === to || givingUp.isGivingUp(queueId)) return [];
    const wanted = new Set(chosen.recipients.map(({ recipient }) => recipient));
    const present = scheduler.recipientsOf(message).filter(({ recipient }) => wanted.has(recipient));
    // In doubt: it is held for another move, or one of before this start, which is decided soon if all stores are there.
    const isInDoubt = holds.has(queueId);
    if (isInDoubt && store.isWhole) {
      if (present.length > 0) counts.busy.push({ message, queueId, recipients: present });
      return [];
    }
    if (isInDoubt || store.isDamaged(queueId)) {
      counts.refused += present.length;
      counts.reason = isInDoubt ? inDoubtText(queueId) : `${queueId} is damaged, and stays where it is`;
      return [];
    }
    const isBusy = ({ state }: WaitingRecipient): boolean => state === 'active';
    const busy = present.filter(isBusy);
    if (busy.length > 0) counts.busy.push({ message, queueId, recipients: busy });
    const recipients = present
      .filter((each) => !isBusy(each))
      .toSorted((one, other) => one.recipient - other.recipient);
    if (recipients.length === 0) return [];
    store.pin(queueId);
    manager.change([], () => holds.begin(message, queueId));
    return [
      {
        chosen,
        from: ref.store,
        recipients,
        state: stateOf(chosen, this.#parts),
        newId: writer.newQueueId(),
      },
    ];
  }

  /** Stores them in the new store, with what its journal has to know. */
  async #store(
    inHand: readonly Moving[],
    writer: SpoolWriter,
    refuse: (moving: readonly Moving[], error: unknown) => void,
  ): Promise<Stored[]> {
    const tried = await Promise.all(
      inHand.map((each) => this.#storeOne(each, writer).catch((error: unknown) => ({ each, error }))),
    );
    return tried.flatMap((each) => {
      if (!('error' in each)) return [each];
      refuse([each.each], each.error);
      return [];
    });
  }

  async #storeOne(moving: Moving, writer: SpoolWriter): Promise<Stored> {
    const { clock, reader, store } = this.#parts;
    const { chosen, newId, recipients, state } = moving;
    const ref = store.locate(chosen.queueId);
    if (ref === undefined) throw new SpoolError('SPOOL_MISSING', `${chosen.queueId} is gone`);
    const content = await reader.read(ref);
    const indexes = recipients.map(({ recipient }) => recipient);
    const envelope = movedEnvelope(content.envelope, newId, indexes);
    const appended = await storeCopy(writer, envelope, undefined, content);
    const message = movedMessage(appended, envelope, recipients, state, (ms) => clock.dateOf(ms));
    if (!store.submitted(newId, appended.ref, recipients.length))
      throw new SpoolError('SPOOL_UNREADABLE', 'the store of the queue is not there');
    // Its queue may be stopped: not before the message is in the queue.
    store.pin(newId);
    store.settle(outcomesOf(message));
    return { ...moving, envelope, message };
  }

  /** Takes the recipients out of the old store, then lets the new messages be delivered. @returns these */
  async #leave(
    stored: readonly Stored[],
    to: number,
    refuse: (moving: readonly Moving[], error: unknown) => void,
  ): Promise<RecoveredMessage[]> {
    const { intents, store } = this.#parts;
    let current = stored;
    try {
      let changes: readonly Outcome[];
      do {
        await store.flush([to]);
        changes = changesIn(current, this.#parts);
        store.settle(changes);
        current = current.map((each) => withChanges(each, this.#parts));
      } while (changes.length > 0);
    } catch (error) {
      // The old ones count, now and at a start.
      store.settle(stored.flatMap(({ message }) => removedOf(message, message.waiting)));
      refuse(stored, error);
      return [];
    }
    const ends = current.map((each) => leaveOld(each, this.#parts));
    const left = ends.flatMap(({ moved }) => moved);
    const stores = new Set(stored.map(({ from }) => from));
    // Until it is known there who has not moved, a start would take them for moved.
    if (ends.some(({ hasGone }) => hasGone)) stores.add(to);
    await this.#untilDone(() => store.flush([...stores]));
    if (this.#isStopped) return [];
    const wasHeld = new Set(stored.filter(({ state }) => state.isHeld).map(({ newId }) => newId));
    for (const message of left) this.#admit(message, wasHeld.has(message.queueId));
    const done = new Set(stored.map(({ newId }) => newId));
    intents.end(intents.all.filter((each) => done.has(each.to)));
    return left;
  }

  /** @param wasHeld - when its move began; a release since then has the effects of one on a message that is held */
  #admit(message: RecoveredMessage, wasHeld: boolean): void {
    const { manager } = this.#parts;
    const { queueId } = message;
    const isReleased = wasHeld && !message.held;
    manager.change(isReleased ? [{ kind: 'released', queueId }] : [], (nowMs) => {
      const handle = manager.admission.recovered(isReleased ? { ...message, held: true } : message);
      if (isReleased) manager.scheduler.release(handle, nowMs);
    });
  }

  /** Does it until it succeeds, or Sluice stops: a disk may be full. */
  async #untilDone(act: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await act();
        return;
      } catch {
        if (this.#isStopped) return;
      }
      await new Promise<void>((resolve) => {
        this.#parts.timers.setTimeout(resolve, againMs).unref();
      });
    }
  }

  #letGo({ chosen: { message, queueId }, newId }: Moving): void {
    const { holds, manager, store } = this.#parts;
    store.unpin(queueId);
    store.unpin(newId);
    manager.change([], (nowMs) => holds.end(message, queueId, nowMs));
  }
}
