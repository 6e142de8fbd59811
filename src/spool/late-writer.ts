// A writer to one of several stores that need not be there yet: it is opened in the background, and tried again until it is.
// Until then it has no room, so that its mail is refused with a temporary error, and the process writes to the others.

import type { Timers } from '../io/timers.ts';
import { SpoolError } from './spool-error.ts';
import type { Appended, LargeContent, NewMessage, SpoolWriter } from './types.ts';

const retryMs = 1_000;

export class LateWriter implements SpoolWriter {
  readonly #open: () => Promise<SpoolWriter>;
  readonly #timers: Timers;
  #writer: SpoolWriter | undefined;
  #failure = new SpoolError('SPOOL_NOT_OPEN', 'storing a message: its store is not open yet');
  #isClosed = false;
  /** Resolves when it has been tried once to open it. */
  readonly tried: Promise<void>;

  constructor(open: () => Promise<SpoolWriter>, timers: Timers) {
    this.#open = open;
    this.#timers = timers;
    this.tried = this.#try();
  }

  async #try(): Promise<void> {
    if (this.#isClosed) return;
    try {
      const writer = await this.#open();
      if (this.#isClosed) await writer.close();
      else this.#writer = writer;
    } catch (error) {
      if (error instanceof SpoolError) this.#failure = error;
      this.#timers.setTimeout(() => void this.#try(), retryMs).unref();
    }
  }

  /** @throws {SpoolError} while the store is not open: ask `hasRoom` before */
  newQueueId(): string {
    return this.#opened().newQueueId();
  }

  async append(message: NewMessage): Promise<Appended> {
    return this.#opened().append(message);
  }

  async openLarge(queueId: string): Promise<LargeContent> {
    return this.#opened().openLarge(queueId);
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#writer?.hasRoom(sizeBytes) ?? false;
  }

  get failure(): SpoolError | undefined {
    return this.#writer === undefined ? this.#failure : this.#writer.failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writer?.close();
  }

  #opened(): SpoolWriter {
    if (this.#writer === undefined) throw this.#failure;
    return this.#writer;
  }
}
