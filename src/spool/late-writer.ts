// A writer to one of several stores that need not be there yet: it is opened in the background, and tried again until it is.
// Until then it has no room, so that its mail is refused with a temporary error, and the process writes to the others. It can be stopped and
// started; while it is stopped, none of its files is open.

import type { Timers } from '../io/timers.ts';
import { stoppedError } from './queue-member.ts';
import { SpoolError } from './spool-error.ts';
import { TrackedLarge } from './tracked-large.ts';
import type { Appended, LargeContent, NewMessage, SpoolWriter } from './types.ts';

const retryMs = 1_000;

export class LateWriter implements SpoolWriter {
  readonly #open: () => Promise<SpoolWriter>;
  readonly #timers: Timers;
  #writer: SpoolWriter | undefined;
  /** Makes queue ids for messages that came before a stop; they are not stored. */
  #former: SpoolWriter | undefined;
  readonly #large = new Set<TrackedLarge>();
  #failure = notOpen();
  #isClosed = false;
  #isStopped: boolean;
  #stopping: Promise<void> = Promise.resolve();
  /** Resolves when it has been tried once to open it. */
  tried: Promise<void>;

  constructor(open: () => Promise<SpoolWriter>, timers: Timers, isStopped = false) {
    this.#open = open;
    this.#timers = timers;
    this.#isStopped = isStopped;
    if (isStopped) this.#failure = stoppedError();
    this.tried = this.#try();
  }

  async #try(): Promise<void> {
    if (this.#isClosed || this.#isStopped) return;
    try {
      const writer = await this.#open();
      if (this.#isClosed || this.#isStopped) await writer.close();
      else this.#writer = writer;
    } catch (error) {
      if (this.#isStopped) return;
      if (error instanceof SpoolError) this.#failure = error;
      this.#timers
        .setTimeout(() => {
          this.tried = this.#try();
        }, retryMs)
        .unref();
    }
  }

  /** Resolves when its files are closed. Messages that are being stored are stored; large ones that are on their way are not. */
  stop(): Promise<void> {
    if (this.#isStopped) return this.#stopping;
    this.#isStopped = true;
    this.#failure = stoppedError();
    const writer = this.#writer;
    this.#former = writer;
    this.#writer = undefined;
    this.#stopping = this.#leave(writer);
    return this.#stopping;
  }

  async #leave(writer: SpoolWriter | undefined): Promise<void> {
    await this.tried;
    await Promise.all([...this.#large].map((each) => each.end().catch(() => undefined)));
    await writer?.close().catch(() => undefined);
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#failure = notOpen();
    this.tried = this.#stopping.then(() => this.#try());
  }

  /** @throws {SpoolError} while the store was never open: ask `hasRoom` before */
  newQueueId(): string {
    return (this.#writer ?? this.#former ?? this.#opened()).newQueueId();
  }

  async append(message: NewMessage): Promise<Appended> {
    return this.#opened().append(message);
  }

  async openLarge(queueId: string): Promise<LargeContent> {
    const writer = this.#opened();
    const large = new TrackedLarge(await writer.openLarge(queueId), this.#large);
    if (this.#writer === writer) return large;
    await large.end();
    throw this.#failure;
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#writer?.hasRoom(sizeBytes) ?? false;
  }

  get failure(): SpoolError | undefined {
    return this.#writer === undefined ? this.#failure : this.#writer.failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stopping;
    await this.#writer?.close();
  }

  #opened(): SpoolWriter {
    if (this.#writer === undefined) throw this.#failure;
    return this.#writer;
  }
}

function notOpen(): SpoolError {
  return new SpoolError('SPOOL_NOT_OPEN', 'storing a message: its store is not open yet');
}
