// Adds messages to Maildirs (https://cr.yp.to/proto/maildir.html): written in `tmp`, on stable storage, and then moved to `new`, so that no
// reader sees a part of one, and none is lost. Promise: when it resolves, the message and all names that lead to it are on stable storage;
// when it rejects, nothing of it is left, unless the disk did not answer whether it is.

import { join } from 'node:path';
import { type MailFiles, nodeMailFiles } from '../mail-files.ts';
import { GroupedSyncs } from './grouped-syncs.ts';
import { nameWithSizes, newUniqueName } from './name.ts';
import { type MaildirPlace, PreparedMaildirs } from './prepared.ts';

const lineFeed = 0x0a;

/** A message with LF as line ends: whole, or in pieces that are read while they are written. */
export type MaildirContent = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface AddedMessage {
  readonly path: string;
  /** Of the file. */
  readonly sizeBytes: number;
}

export class MaildirWriter {
  readonly #files: MailFiles;
  readonly #prepared: PreparedMaildirs;
  /** Deliveries into one mailbox at the same time share them. */
  readonly #syncs: GroupedSyncs;

  constructor(files: MailFiles = nodeMailFiles) {
    this.#files = files;
    this.#prepared = new PreparedMaildirs(files);
    this.#syncs = new GroupedSyncs((folder) => files.syncDirectory(folder, false));
  }

  /**
   * @param signal - nobody waits for it any more: it is not finished
   * @throws {Error} of the system, or of `content`
   */
  async add(
    place: MaildirPlace,
    content: MaildirContent,
    nowMs: number,
    signal?: AbortSignal,
  ): Promise<AddedMessage> {
    const { folder } = place;
    await this.#prepared.prepare(place, nowMs);
    const unique = newUniqueName(nowMs);
    const written = join(folder, 'tmp', unique);
    const isWhole = !(Symbol.asyncIterator in content);
    const fd = await this.#create(written, isWhole, place, nowMs);
    let moved: string | undefined;
    try {
      const counted = await this.#fill(fd, content, isWhole);
      const { sizeBytes, lines } = counted;
      const target = join(folder, 'new', nameWithSizes(unique, sizeBytes, sizeBytes + lines));
      signal?.throwIfAborted();
      // Not link(2) and unlink(2), which would be one call more: no other message ever has this name.
      await this.#files.rename(written, target);
      moved = target;
      await this.#syncs.sync(join(folder, 'new'));
      return { path: target, sizeBytes };
    } catch (error) {
      this.#prepared.forget(folder);
      await this.#files.unlink(moved ?? written).catch(() => undefined);
      throw error;
    }
  }

  /** Makes a Maildir if it is not there. @throws {Error} of the system */
  prepare(place: MaildirPlace, nowMs: number): Promise<void> {
    return this.#prepared.prepare(place, nowMs);
  }

  /** A mailbox that was removed since it was looked at is made anew. */
  async #create(path: string, syncs: boolean, place: MaildirPlace, nowMs: number): Promise<number> {
    try {
      return await this.#files.create(path, syncs);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#prepared.forget(place.folder);
      await this.#prepared.prepare(place, nowMs);
      return this.#files.create(path, syncs);
    }
  }

  /** Writes, syncs and closes. @param isSynced - each write is */
  async #fill(
    fd: number,
    content: MaildirContent,
    isSynced: boolean,
  ): Promise<{ sizeBytes: number; lines: number }> {
    let sizeBytes = 0;
    let lines = 0;
    try {
      for await (const pieces of batchesOf(content)) {
        const length = await this.#writeAll(fd, pieces, sizeBytes);
        sizeBytes += length;
        for (const piece of pieces) lines += linesIn(piece);
      }
      if (!isSynced) await this.#sync(fd);
    } finally {
      await this.#files.close(fd);
    }
    return { sizeBytes, lines };
  }

  #sync(fd: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#files.fdatasync(fd, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #writeAll(fd: number, pieces: readonly Uint8Array[], position: number): Promise<number> {
    let rest = pieces;
    let done = 0;
    while (rest.length > 0) {
      const written = await new Promise<number>((resolve, reject) => {
        this.#files.writev(fd, rest, position + done, (error, count) =>
          error ? reject(error) : resolve(count),
        );
      });
      if (written === 0)
        throw Object.assign(new Error('nothing could be written'), { code: 'ENOSPC', syscall: 'write' });
      done += written;
      rest = withoutFirst(rest, written);
    }
    return done;
  }
}

async function* batchesOf(content: MaildirContent): AsyncGenerator<readonly Uint8Array[], void> {
  if (Symbol.asyncIterator in content) {
    for await (const piece of content) if (piece.length > 0) yield [piece];
  } else {
    yield content.filter(({ length }) => length > 0);
  }
}

/** What is left when so many bytes are written. */
function withoutFirst(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const rest: Uint8Array[] = [];
  let gone = bytes;
  for (const piece of pieces) {
    if (gone >= piece.length) gone -= piece.length;
    else {
      rest.push(gone === 0 ? piece : piece.subarray(gone));
      gone = 0;
    }
  }
  return rest;
}

function linesIn(piece: Uint8Array): number {
  let lines = 0;
  for (let at = piece.indexOf(lineFeed); at !== -1; at = piece.indexOf(lineFeed, at + 1)) lines++;
  return lines;
}
