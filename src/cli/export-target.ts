// Where an exported message goes. A file is new, for its owner only, and on stable storage before anything is told: its
// message may be removed from the queue next. One that could not be completed is removed again.

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { once } from 'node:events';
import { systemReason } from '../config/read/config-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

export interface ExportTarget {
  write(piece: Uint8Array): Promise<void>;
  /** Everything was written. */
  end(): Promise<void>;
  /** It was not. */
  discard(): Promise<void>;
}

/** Made with the first octet, so that nothing is left of a message of which nothing can be read. */
export class FileTarget implements ExportTarget {
  readonly #path: string;
  #file: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {CommandError} `EXPORT_EXISTS`, `EXPORT_FAILED` */
  async write(piece: Uint8Array): Promise<void> {
    try {
      this.#file ??= await open(this.#path, 'wx', 0o600);
      // `write` may write a part of it only.
      for (let at = 0; at < piece.length;) at += (await this.#file.write(piece, at)).bytesWritten;
    } catch (error) {
      throw this.#error(error);
    }
  }

  async end(): Promise<void> {
    try {
      await this.#file?.datasync();
      await this.#file?.close();
    } catch (error) {
      throw this.#error(error);
    }
  }

  async discard(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return; // not made by us
    await file.close().catch(() => undefined); // it may be closed already
    await unlink(this.#path).catch(() => undefined); // what went wrong before is told
  }

  /** The whole content at once. */
  async writeWhole(text: string): Promise<void> {
    try {
      await this.write(Buffer.from(text));
      await this.end();
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  #error(error: unknown): CommandError {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      return new CommandError(
        exitCodes.failed,
        'EXPORT_EXISTS',
        `${this.#path} is there already, and no file is written over.`,
        'Name another file or folder, or move that one away.',
      );
    }
    return exportFailed(`Writing ${this.#path}: ${systemReason(error)}.`, error);
  }
}

export class StandardOutput implements ExportTarget {
  /** What mail says must not command a terminal. */
  readonly #decoder = process.stdout.isTTY ? new TextDecoder() : undefined;

  async write(piece: Uint8Array): Promise<void> {
    const bytes =
      this.#decoder === undefined ? piece : visible(this.#decoder.decode(piece, { stream: true }));
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }

  async end(): Promise<void> {
    return Promise.resolve();
  }

  async discard(): Promise<void> {
    return Promise.resolve();
  }
}

/** Control characters as their pictures (Unicode 2400 to 2421); line ends and tabs as they are. */
export function visible(text: string): string {
  return text.replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\r') return '';
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2421';
  });
}

export function exportFailed(message: string, cause: unknown): CommandError {
  return new CommandError(
    exitCodes.ioError,
    'EXPORT_FAILED',
    message,
    'Give a folder that this user may write, with room for the messages.',
    { cause },
  );
}

/** The names of new files are on stable storage, too. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw exportFailed(`Writing the folder ${path}: ${systemReason(error)}.`, error);
  }
}
