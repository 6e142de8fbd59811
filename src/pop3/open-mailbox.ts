// A mailbox that a POP3 session has for itself: reads its messages, measures those whose names tell no size, and removes at the end what the
// client has deleted. Promises: a message that an IMAP server has moved meanwhile is found; one that is gone is no error when it is removed.

import { lstat, rename, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseMaildirName } from '../mailbox/maildir/name.ts';
import { addToUsage } from '../mailbox/quota/mailbox-usage.ts';
import { OctetCount } from '../protocol/pop3/message-lines.ts';
import type { MailboxLock } from './mailbox-lock.ts';
import type { MaildropIndex } from './maildrop-index.ts';
import { MessageFile } from './message-file.ts';
import type { QuickReads } from './quick-reads.ts';

/** Files that are removed or measured at the same time. */
const atOnce = 8;

/** What became of the messages that a client has deleted. */
export interface Removal {
  readonly removed: number;
  /** Of those that are removed, as quotas count them. */
  readonly bytes: number;
  /** Those that could not be removed. */
  readonly failed: number;
  /** Why the first of them could not; empty when all are gone. */
  readonly reason: string;
}

export class OpenMailbox {
  readonly index: MaildropIndex;
  readonly #lock: MailboxLock;
  readonly #quickReads: QuickReads | undefined;

  /** @param quickReads - undefined: every file is read by a thread */
  constructor(index: MaildropIndex, lock: MailboxLock, quickReads?: QuickReads) {
    this.index = index;
    this.#lock = lock;
    this.#quickReads = quickReads;
  }

  /** Gives the mailbox back. May be called again. @returns resolves when another session can have it */
  close(): Promise<void> {
    this.index.close();
    return this.#lock.release();
  }

  /** A small message that can be read at once: good until the next call. @returns undefined: `openMessage` has it, or says what became of it */
  messageNow(number: number): Uint8Array | undefined {
    if (this.#quickReads === undefined) return undefined;
    const { path, name } = this.index.placeOf(number);
    const sizeBytes = parseMaildirName(name)?.sizeBytes;
    return sizeBytes === undefined ? undefined : this.#quickReads.read(path, sizeBytes);
  }

  /** @returns undefined when it is gone. @throws {Error} of the system */
  openMessage(number: number): Promise<MessageFile | undefined> {
    return this.#whereItIs(number, (path) => MessageFile.open(path));
  }

  /** Finds the size of a message, or of all. One that is gone, or cannot be read, has 0 octets: the others can be had. */
  async measure(number: number | undefined): Promise<void> {
    const numbers = number === undefined ? this.#unmeasured() : [number];
    await each(numbers, async (one) => this.index.measured(one, await this.#octetsOf(one)));
  }

  async #octetsOf(number: number): Promise<number> {
    try {
      const file = await this.openMessage(number);
      return file === undefined ? 0 : await octetsOf(file);
    } catch {
      // Whoever asks for it hears why.
      return 0;
    }
  }

  /** Removes messages. Never rejects. */
  async remove(numbers: readonly number[]): Promise<Removal> {
    let [removed, failed, bytes] = [0, 0, 0];
    let reason = '';
    await each(numbers, async (number) => {
      try {
        const gone = await this.#whereItIs(number, unlinked);
        if (gone === undefined) return;
        removed++;
        bytes += gone;
      } catch (error) {
        failed++;
        reason ||= error instanceof Error ? error.message : String(error);
      }
    });
    // Where this fails, the next count of the whole mailbox mends it.
    if (removed > 0)
      await addToUsage(this.index.folder, { bytes: -bytes, messages: -removed }).catch(() => undefined);
    return { removed, bytes, failed, reason };
  }

  /** Messages that were retrieved are seen, and not new any more (https://cr.yp.to/proto/maildir.html). Never rejects. */
  async markSeen(numbers: readonly number[]): Promise<void> {
    await each(numbers, async (number) => {
      try {
        await this.#whereItIs(number, async (path) => {
          const { name } = this.index.placeOf(number);
          const seen = this.index.pathInCur(withSeen(name));
          if (path !== seen) await rename(path, seen);
        });
      } catch {
        // It stays as it was: nothing is lost.
      }
    });
  }

  *#unmeasured(): Generator<number, void> {
    for (let number = 1; number <= this.index.count; number++)
      if (this.index.sizeOf(number) === undefined) yield number;
  }

  /** Does something with the file of a message, wherever it is now; undefined when it is gone. */
  async #whereItIs<T>(number: number, use: (path: string) => Promise<T>): Promise<T | undefined> {
    const triedAtMs = performance.now();
    const { path } = this.index.placeOf(number);
    try {
      return await use(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await this.index.find(triedAtMs);
    const { path: now } = this.index.placeOf(number);
    if (now === path) return undefined;
    try {
      return await use(now);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return undefined;
    }
  }
}

/** @returns the bytes that the file had, as quotas count them */
async function unlinked(path: string): Promise<number> {
  const sizeBytes = parseMaildirName(basename(path))?.sizeBytes ?? (await lstat(path)).size;
  await unlink(path);
  return sizeBytes;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Flags stand in ASCII order. */
function withSeen(name: string): string {
  const at = name.indexOf(':2,');
  const [unique, flags] = at === -1 ? [name, ''] : [name.slice(0, at), name.slice(at + 3)];
  return flags.includes('S') ? name : `${unique}:2,${[...flags, 'S'].sort().join('')}`;
}

async function octetsOf(file: MessageFile): Promise<number> {
  const count = new OctetCount();
  try {
    for (let piece = await file.read(); piece !== undefined; piece = await file.read()) count.add(piece);
  } finally {
    file.close();
  }
  return count.octets;
}

/** Some at once. Rejects with the first error, when those under way have ended. */
async function each(numbers: Iterable<number>, work: (number: number) => Promise<void>): Promise<void> {
  const rest = numbers[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
