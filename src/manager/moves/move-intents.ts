// The moves between queues that have begun and are not through, on stable storage: for the time in which a message is in two stores.
// Promises: an intent is on stable storage before the message is stored a second time, and stays there until it has left its old store. So a start after
// a crash knows which of two messages are one.

import { z } from 'zod';
import type { Logger } from '../../log/logger.ts';
import { StateFile } from '../state-file.ts';
import type { FileLayer } from '../../spool/file-layer.ts';

/** One message that moves. */
export interface MoveIntent {
  /** Its old queue id. */
  readonly from: string;
  /** Its new queue id. */
  readonly to: string;
  /** The numbers that the recipients of the new one have in the old one, in the order of the new one. None: the old one counts for all. */
  readonly recipients: readonly number[];
}

/** More than ever are under way at once. */
const most = 100_000;

const schema = z.object({
  version: z.literal(2),
  moves: z
    .array(
      z.object({
        from: z.string().min(1).max(100),
        to: z.string().min(1).max(100),
        recipients: z.array(z.int().min(0)).max(1_000_000),
      }),
    )
    .max(most),
});

export class MoveIntents {
  readonly #file: StateFile;
  readonly #open = new Map<string, MoveIntent>();

  private constructor(file: StateFile) {
    this.#file = file;
  }

  /** Reads those that a crash has left. A file that cannot be read is told, and stops no start: its mail may then be delivered twice. */
  static async open(
    path: string,
    { files, log }: { readonly files: FileLayer; readonly log: Pick<Logger, 'error'> },
  ): Promise<MoveIntents> {
    const file = new StateFile(path, { files });
    const intents = new MoveIntents(file);
    try {
      const found = await file.read();
      if (found === undefined) return intents;
      for (const each of schema.parse(found).moves) intents.#open.set(each.to, each);
    } catch (error) {
      const why = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      log.error(
        `${path} cannot be read (${why}): mail that was moved to another queue when Sluice ended may be delivered twice`,
        { code: 'MOVES_UNREADABLE' },
      );
    }
    return intents;
  }

  get all(): readonly MoveIntent[] {
    return [...this.#open.values()];
  }

  /** Resolves when they are on stable storage. @throws the system's error: then they are not open */
  async begin(intents: readonly MoveIntent[]): Promise<void> {
    for (const each of intents) this.#open.set(each.to, each);
    try {
      await this.#write(true);
    } catch (error) {
      for (const { to } of intents) this.#open.delete(to);
      throw error;
    }
  }

  /** Nothing is to come of these: none of the recipients of the new message counts. To be written. @returns those that had begun */
  callOff(newIds: readonly string[]): readonly MoveIntent[] {
    return newIds.flatMap((to) => {
      const intent = this.#open.get(to);
      if (intent === undefined) return [];
      const ended = { ...intent, recipients: [] };
      this.#open.set(to, ended);
      return [ended];
    });
  }

  /** Brings the file to stable storage. @throws the system's error */
  async write(): Promise<void> {
    await this.#write(true);
  }

  /** They are through, or nothing has come of them. What the file still says of them does no harm: the message is in one store alone. */
  end(intents: readonly MoveIntent[]): void {
    for (const { to } of intents) this.#open.delete(to);
  }

  /** Brings the file up to date, if there is something in it. */
  async tidy(): Promise<void> {
    await this.#write(false).catch(() => undefined);
  }

  #write(durable: boolean): Promise<void> {
    return this.#file.write({ version: 2, moves: this.all }, durable);
  }
}
