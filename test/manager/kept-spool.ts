// A spool of several queues in memory, which outlives the managers that use it. A test may stop everything at a step, as a crash does: from then on
// nothing is answered, and nothing is done.

import type { Spool } from '../../src/manager/ports.ts';
import type { Envelope } from '../../src/message/envelope.ts';
import { KeptMessages } from '../../src/spool/memory/kept-messages.ts';
import { MemoryReader } from '../../src/spool/memory/memory-reader.ts';
import { MemoryStore } from '../../src/spool/memory/memory-store.ts';
import { MemoryWriter } from '../../src/spool/memory/memory-writer.ts';
import { QueueReaders } from '../../src/spool/queue-readers.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { Queues } from '../../src/spool/queues.ts';
import type { Outcome, SpoolStore, SpoolWriter } from '../../src/spool/types.ts';
import type { Timers } from '../../src/io/timers.ts';
import { mib } from '../spool/support.ts';

export class KeptSpool {
  readonly names: readonly string[];
  readonly kept: readonly KeptMessages[];
  /** The numbers of stores that nothing can be written to yet. */
  readonly unopened = new Set<number>();
  /** Called before outcomes of these stores are flushed; it may reject. */
  beforeFlush: (only: readonly number[] | undefined) => Promise<void> = () => Promise.resolve();
  /** The numbers of stores that cannot be opened. */
  readonly away = new Set<number>();
  readonly #nowMs: () => number;
  #slot = 2;

  constructor(names: readonly string[], nowMs: () => number, capacity = mib) {
    this.names = names;
    this.#nowMs = nowMs;
    this.kept = ['default', ...names].map(() => new KeptMessages(capacity));
  }

  /** Puts a message into a store, with what was tried before. @returns its queue id */
  async put(
    store: number,
    envelope: (queueId: string) => Envelope,
    outcomes: (queueId: string) => Outcome[],
  ): Promise<string> {
    const kept = this.kept[store] as KeptMessages;
    const writer = new MemoryWriter(kept, store, this.#slot++, this.#nowMs);
    const queueId = writer.newQueueId();
    await writer.append({
      envelope: envelope(queueId),
      content: [Buffer.from('Subject: x\r\n\r\nHello\r\n')],
    });
    const opened = new MemoryStore(kept, store);
    for await (const _ of opened.recover()) void _;
    opened.settle(outcomes(queueId));
    return queueId;
  }

  /** The recipients that wait in a store, in their order: address, attempts and time of the next one. */
  waiting(store: number): string[] {
    return [...(this.kept[store] as KeptMessages)].flatMap(({ envelope, held, recipients }) =>
      recipients.flatMap(({ isDone, attempts, nextAttemptAtMs }, index) =>
        isDone
          ? []
          : `${envelope.recipients[index]?.address} ${attempts} ${nextAttemptAtMs}${held ? ' held' : ''}`,
      ),
    );
  }

  /** For one manager. @param stopsAt - the number of the step at which everything stops; not given: never */
  process(timers: Timers, stopsAt = Infinity): { readonly spool: Spool; readonly steps: () => number } {
    let step = 0;
    const never = new Promise<never>(() => undefined);
    /** False: it has stopped. */
    const goesOn = (): boolean => ++step <= stopsAt;
    const stepping = (store: SpoolStore): SpoolStore => ({
      recover: () => store.recover(),
      submitted: (...given) => store.submitted(...given),
      settle: (outcomes) => {
        // Of several outcomes, any number may be stored.
        for (const outcome of outcomes) if (goesOn()) store.settle([outcome]);
      },
      get isWhole() {
        return store.isWhole;
      },
      get unstored() {
        return store.unstored;
      },
      isDamaged: (queueId) => store.isDamaged(queueId),
      locate: (queueId) => store.locate(queueId),
      pin: (queueId) => store.pin(queueId),
      unpin: (queueId) => store.unpin(queueId),
      maintain: (nowMs) => store.maintain(nowMs),
      usage: () => store.usage(),
      flush: (only) => (goesOn() ? this.beforeFlush(only).then(() => store.flush(only)) : never),
      storeOutcomes: (ms) => store.storeOutcomes(ms),
      close: () => store.close(),
    });
    const spool: Spool = {
      queues: this.names,
      openStore: (events) => {
        const openers = this.kept.map((kept, number) => ({
          open: async () => {
            if (this.away.has(number)) throw new SpoolError('SPOOL_UNREADABLE', 'it is away');
            return new MemoryStore(kept, number);
          },
          read: (ref: Parameters<MemoryReader['read']>[0]) => new MemoryReader(kept).read(ref),
          isStopped: false,
          freeBytes: () => Promise.resolve(mib),
          watch: () => undefined,
        }));
        return Promise.resolve(stepping(new Queues(openers, events, timers)));
      },
      openReader: () =>
        new QueueReaders(
          this.kept.map((kept, number) => ({ kept, number, directory: String(number), isStopped: false })),
          ({ kept }) => new MemoryReader(kept),
        ),
      openWriters: () =>
        Promise.resolve(
          this.kept.map((kept, number): SpoolWriter => {
            const writer = new MemoryWriter(kept, number, this.#slot++, this.#nowMs);
            const isOpen = () => !this.unopened.has(number);
            return {
              newQueueId: () => {
                if (!isOpen()) throw notOpen();
                return writer.newQueueId();
              },
              append: (message) => (goesOn() ? writer.append(message) : never),
              openLarge: (queueId) => writer.openLarge(queueId),
              hasRoom: (size) => writer.hasRoom(size),
              get failure() {
                return isOpen() ? undefined : notOpen();
              },
              close: () => writer.close(),
            };
          }),
        ),
    };
    return { spool, steps: () => step };
  }
}

function notOpen(): SpoolError {
  return new SpoolError('SPOOL_NOT_OPEN', 'storing a message: its store is not open yet');
}
