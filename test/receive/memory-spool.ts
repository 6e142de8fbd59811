// A spool in memory whose behaviour a test decides.

import type { Envelope } from '../../src/message/envelope.ts';
import type { SpoolError } from '../../src/spool/spool-error.ts';
import type { Appended, LargeContent, NewMessage, SpoolWriter } from '../../src/spool/types.ts';

export interface Kept {
  readonly envelope: Envelope;
  readonly content: string;
  readonly large: boolean;
}

/** A message that waits for stable storage. */
export interface Commit {
  readonly reversePath: string;
  /** Ends it, with a failure if there is one. */
  end(failure?: SpoolError): void;
}

export class MemorySpool implements SpoolWriter {
  readonly kept: Kept[] = [];
  room = true;
  /** What the next appends do instead of succeeding. */
  failure: SpoolError | undefined;
  /** What a probe of it comes to. */
  probed: Promise<void> = Promise.resolve();
  /** When set, appends wait for it. */
  gate: Promise<void> | undefined;
  /** When set, each message waits until the test ends its commit, in any order. */
  commits: Commit[] | undefined;
  aborted = 0;
  /** Writes to files of large messages. */
  writes = 0;
  /** Files of large messages that are not removed. */
  readonly #openLarge = new Set<string>();
  #ids = 0;

  newQueueId(): string {
    return `ID${++this.#ids}`;
  }

  async append(message: NewMessage): Promise<Appended> {
    await this.gate;
    await this.#untilCommitted(message.envelope);
    if (this.failure !== undefined) throw this.failure;
    const { prefix = Buffer.alloc(0), content } = message;
    return this.#keep(message.envelope, [prefix, ...content], false);
  }

  openLarge(queueId: string): Promise<LargeContent> {
    if (this.#openLarge.has(queueId))
      return Promise.reject(new Error(`the file of ${queueId} is there already`));
    this.#openLarge.add(queueId);
    const pieces: Uint8Array[] = [];
    return Promise.resolve({
      get sizeBytes() {
        return pieces.reduce((sum, piece) => sum + piece.length, 0);
      },
      write: async (piece: Uint8Array) => {
        await this.gate;
        if (this.failure !== undefined) throw this.failure;
        this.writes++;
        pieces.push(Buffer.from(piece));
      },
      commit: async (envelope: Envelope, prefix = Buffer.alloc(0)) => {
        await this.#untilCommitted(envelope);
        if (this.failure !== undefined) throw this.failure;
        return this.#keep(envelope, [prefix, ...pieces], true);
      },
      async *read() {
        yield* pieces;
      },
      abort: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        this.#openLarge.delete(queueId);
        this.aborted++;
      },
    });
  }

  hasRoom(): boolean {
    return this.room;
  }

  async close(): Promise<void> {}

  async #untilCommitted({ reversePath }: Envelope): Promise<void> {
    const { commits } = this;
    if (commits === undefined) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (failure?: SpoolError): void => (failure === undefined ? resolve() : reject(failure));
    commits.push({ reversePath, end });
    await promise;
  }

  #keep(envelope: Envelope, pieces: readonly Uint8Array[], large: boolean): Appended {
    const content = Buffer.concat(pieces);
    this.kept.push({ envelope, content: content.toString('latin1'), large });
    return {
      ref: { store: 0, place: [1, this.kept.length, content.length] },
      sizeBytes: content.length,
    };
  }
}
