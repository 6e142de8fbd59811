// A spool in memory as the manager uses it. It keeps a history of what was done in which order, and does what a test decides.

import type { Spool } from '../../src/manager/ports.ts';
import type { EnvelopeRecipient } from '../../src/message/envelope.ts';
import type { QueuesEvents } from '../../src/spool/store-opener.ts';
import type {
  NewMessage,
  Outcome,
  RecoveredMessage,
  SpoolStore,
  SpoolWriter,
  StoredRef,
} from '../../src/spool/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { MemoryReader } from '../deliver/memory-reader.ts';

interface Kept {
  readonly ref: StoredRef;
  /** Recipients without a last word. */
  waiting: number;
}

export class MemoryStore implements Spool {
  readonly reader = new MemoryReader();
  /** `settle KIND ID RECIPIENT`, `pin ID`, `unpin ID`, `report ID`, in their order. */
  readonly history: string[] = [];
  /** Reports that were stored. */
  readonly reports: NewMessage[] = [];
  /** By message; never below 0. */
  readonly pins = new Map<string, number>();
  /** Messages of before, which recovery finds. */
  recovered: RecoveredMessage[] = [];
  /** Outcomes that a stop finds without room. */
  unstored = 0;
  /** Reports that cannot be stored: so many to come. */
  failures = 0;
  hasRoom = true;
  /** Told by the manager: what the store finds out by itself. */
  events: QueuesEvents | undefined;
  closed = false;
  readonly #messages = new Map<string, Kept>();
  readonly #damaged = new Set<string>();

  /** Puts a message into the spool, as a receiver does before it tells the manager. */
  add(
    to: readonly (string | EnvelopeRecipient)[],
    quarantine?: string,
  ): { readonly queueId: string; readonly ref: StoredRef } {
    return this.reader.add({ to, ...(quarantine !== undefined && { envelope: { quarantine } }) });
  }

  /** Only what is done to the outcomes of messages and their reports. */
  get told(): readonly string[] {
    return this.history.filter((line) => !/^(?:un)?pin /u.test(line));
  }

  openStore(events: QueuesEvents): Promise<SpoolStore> {
    this.events = events;
    const messages = this.#messages;
    return Promise.resolve({
      recover: () => this.#recover(),
      submitted: (queueId, ref, recipients) => {
        if (messages.has(queueId)) return false;
        messages.set(queueId, { ref, waiting: recipients });
        return true;
      },
      settle: (outcomes) => {
        for (const outcome of outcomes) this.#settle(outcome);
      },
      isDamaged: (queueId) => this.#damaged.has(queueId),
      locate: (queueId) => messages.get(queueId)?.ref,
      pin: (queueId) => this.#pin(queueId, 1),
      unpin: (queueId) => this.#pin(queueId, -1),
      maintain: () => Promise.resolve(),
      usage: () => ({ segments: 1, bytes: 0, liveMessages: messages.size, damagedMessages: 0 }),
      flush: () => Promise.resolve(),
      isWhole: true,
      unstored: 0,
      storeOutcomes: () => Promise.resolve(this.unstored),
      close: () => {
        this.closed = true;
        return Promise.resolve();
      },
    });
  }

  openReader(): MemoryReader {
    return this.reader;
  }

  openWriters(): ReturnType<Spool['openWriters']> {
    const writer: SpoolWriter = {
      newQueueId: () => `R${this.reports.length}`,
      append: (message) => {
        if (this.failures > 0) {
          this.failures--;
          return Promise.reject(new SpoolError('SPOOL_WRITE_FAILED', 'the disk fails'));
        }
        this.reports.push(message);
        const { queueId, recipients } = message.envelope;
        this.history.push(`report ${queueId}`);
        const { ref } = this.reader.add({ to: recipients, envelope: message.envelope });
        return Promise.resolve({ ref, sizeBytes: 1 });
      },
      openLarge: () => Promise.reject(new Error('reports are appended')),
      hasRoom: () => this.hasRoom,
      failure: undefined,
      close: () => Promise.resolve(),
    };
    return Promise.resolve([writer]);
  }

  async *#recover(): AsyncGenerator<RecoveredMessage> {
    for (const message of this.recovered) {
      this.#messages.set(message.queueId, { ref: message.ref, waiting: message.waiting.length });
      if (message.damage !== undefined) this.#damaged.add(message.queueId);
      yield message;
    }
  }

  #settle(outcome: Outcome): void {
    const { kind, queueId } = outcome;
    this.history.push(`settle ${kind} ${queueId}${'recipient' in outcome ? ` ${outcome.recipient}` : ''}`);
    if (kind === 'damaged') this.#damaged.add(queueId);
    if (kind !== 'delivered' && kind !== 'failed' && kind !== 'removed') return;
    const kept = this.#messages.get(queueId);
    if (kept === undefined) throw new Error(`${queueId} is settled and not there`);
    kept.waiting--;
    if (kept.waiting === 0) this.#messages.delete(queueId);
  }

  #pin(queueId: string, by: 1 | -1): void {
    this.history.push(`${by > 0 ? 'pin' : 'unpin'} ${queueId}`);
    const pins = (this.pins.get(queueId) ?? 0) + by;
    if (pins < 0) throw new Error(`${queueId} is unpinned more often than pinned`);
    if (pins === 0) this.pins.delete(queueId);
    else this.pins.set(queueId, pins);
  }
}
