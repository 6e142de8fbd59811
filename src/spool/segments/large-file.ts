// Stores a message that is too large for memory: the content is streamed to a file of its own, file and directory entry
// are synced, and then a record for it is appended to the segment. The caller waits for each `write` (backpressure).

import { crc32 } from 'node:zlib';
import type { Envelope } from '../../message/envelope.ts';
import { fdatasync, readUpTo, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import type { FreeSpace } from './free-space.ts';
import { largePath, type SpoolLayout } from './layout.ts';
import { kindLarge, encodeRecord } from './record.ts';
import type { NewRecord } from './segment-file.ts';
import { SpoolError, writeError } from '../spool-error.ts';
import type { Appended, LargeContent, StoredRef } from '../types.ts';

/** The size of the pieces in which it is read. */
const readBytes = 64 * 1024;

export interface LargeFileContext {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly space: FreeSpace;
  readonly sync: boolean;
  /** Appends the record of the message, in the next group commit. */
  append(record: NewRecord): Promise<StoredRef>;
}

export class LargeFile implements LargeContent {
  readonly #context: LargeFileContext;
  /** Also the name of its file. */
  #queueId: string;
  readonly #fd: number;
  #sizeBytes = 0;
  #crc = 0;
  /** The last write; the next one waits for it. */
  #last: Promise<void> = Promise.resolve();
  #state: 'open' | 'committing' | 'appending' | 'closed' = 'open';

  private constructor(context: LargeFileContext, queueId: string, fd: number) {
    this.#context = context;
    this.#queueId = queueId;
    this.#fd = fd;
  }

  static async create(context: LargeFileContext, queueId: string): Promise<LargeFile> {
    try {
      return new LargeFile(
        context,
        queueId,
        await context.files.open(largePath(context.layout, queueId), 'wx'),
      );
    } catch (error) {
      throw writeError(`creating the file of large message ${queueId}`, error);
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(piece: Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#write(piece));
    this.#last = written;
    return written;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const { files, layout } = this.#context;
    await this.#last;
    const fd = await files.open(largePath(layout, this.#queueId), 'r');
    try {
      for (let at = 0; at < this.#sizeBytes;) {
        const buffer = Buffer.allocUnsafe(Math.min(readBytes, this.#sizeBytes - at));
        const got = await readUpTo(files, fd, buffer, buffer.length, at);
        if (got < buffer.length) {
          const text = `reading large message ${this.#queueId}: its file has less than was written`;
          throw new SpoolError('SPOOL_CORRUPT', text);
        }
        at += got;
        yield buffer;
      }
    } finally {
      await files.close(fd);
    }
  }

  async #write(piece: Uint8Array): Promise<void> {
    if (this.#state !== 'open') {
      throw new SpoolError('SPOOL_WRITE_FAILED', `large message ${this.#queueId} is no longer being written`);
    }
    const { files, space } = this.#context;
    if (!space.hasRoom(piece.length)) {
      throw new SpoolError(
        'SPOOL_FULL',
        `storing large message ${this.#queueId}: the spool has no room left`,
      );
    }
    space.subtract(piece.length);
    try {
      await writeAll(files, this.#fd, [piece], this.#sizeBytes);
    } catch (error) {
      throw writeError(`writing large message ${this.#queueId}`, error);
    }
    this.#crc = crc32(piece, this.#crc);
    this.#sizeBytes += piece.length;
  }

  async commit(envelope: Envelope, prefix?: Uint8Array): Promise<Appended> {
    const { files, layout, sync } = this.#context;
    try {
      await this.#last;
      if (this.#state !== 'open') {
        throw new SpoolError('SPOOL_WRITE_FAILED', `large message ${this.#queueId} was already ended`);
      }
      this.#state = 'committing';
      if (envelope.queueId !== this.#queueId) await this.#rename(envelope.queueId);
      const prefixBytes = prefix?.length ?? 0;
      const sizeBytes = this.#sizeBytes + prefixBytes;
      const head = encodeRecord(
        { ...envelope, queueId: this.#queueId },
        kindLarge,
        sizeBytes,
        prefixBytes,
        this.#crc,
        prefix,
      );
      if (sync) {
        await fdatasync(files, this.#fd);
        await files.syncDirectory(layout.large);
      }
      this.#state = 'appending';
      const ref = await this.#context.append({
        head,
        prefix,
        content: [],
        length: head.length + prefixBytes,
      });
      this.#state = 'closed';
      await files.close(this.#fd).catch(() => undefined);
      return { ref, sizeBytes };
    } catch (error) {
      await this.#leaveWhenInDoubt(error);
      await this.#remove();
      throw writeError(`storing large message ${this.#queueId}`, error);
    }
  }

  /** It was begun for one message, and becomes the content of another one. */
  async #rename(queueId: string): Promise<void> {
    const { files, layout } = this.#context;
    await files.rename(largePath(layout, this.#queueId), largePath(layout, queueId));
    this.#queueId = queueId;
  }

  /** Does nothing after `commit` was called, because the message may be stored already. */
  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    const last = this.#last;
    this.#state = 'closed';
    await last.catch(() => undefined);
    await this.#drop();
  }

  /**
   * Keeps the file if the sync of the record failed: the record may be on the disk nevertheless. If recovery found the
   * record without its file, it would report a lost message. With the file, a message is delivered that was refused with a
   * temporary error, which is allowed. If there is no record, the file is removed after the next start of this process.
   */
  async #leaveWhenInDoubt(cause: unknown): Promise<void> {
    if (this.#state !== 'appending' || writeError('', cause).code !== 'SPOOL_WRITE_FAILED') return;
    this.#state = 'closed';
    await this.#context.files.close(this.#fd).catch(() => undefined);
  }

  async #remove(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const { files, layout } = this.#context;
    await files.close(this.#fd).catch(() => undefined);
    await files.unlink(largePath(layout, this.#queueId)).catch(() => undefined);
  }
}
