// Where an exported message is written. A file is always new, readable by its owner only, and on stable storage before the
// command reports success: the administrator may remove the message from the queue next. An incomplete file is removed.

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { once } from 'node:events';
import { CommandError, exitCodes } from './exit-codes.ts';
import { VisibleText } from './visible-text.ts';
import { writeReason } from './write-reason.ts';

export interface ExportTarget {
  write(piece: Uint8Array): Promise<void>;
  /** Call it after everything was written. */
  end(): Promise<void>;
  /** Call it after a failure: removes what was written. */
  discard(): Promise<void>;
}

/** Creates the file with the first octet, so that no empty file is left when nothing of a message can be read. */
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
      // `write` may write only a part of the piece.
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
    if (file === undefined) return; // this target created no file
    await file.close().catch(() => undefined); // the file may be closed already
    await unlink(this.#path).catch(() => undefined); // the caller reports the error that led here
  }

  /** Writes the whole content and ends; removes the file when that fails. */
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
        `${this.#path} exists already, and an export overwrites no file.`,
        'Name another file or folder, or move this file away.',
      );
    }
    return exportFailed(`Writing ${this.#path}: ${writeReason(error)}.`, error);
  }
}

/** Standard output. On a terminal, control characters of a message must not be obeyed: they are replaced. */
export class StandardOutput implements ExportTarget {
  readonly #text: VisibleText | undefined;

  /** @param isText - show the message as text for people, also where standard output is no terminal */
  constructor(isText = process.stdout.isTTY) {
    this.#text = isText ? new VisibleText() : undefined;
  }

  async write(piece: Uint8Array): Promise<void> {
    await this.#print(this.#text?.add(piece) ?? piece);
  }

  async end(): Promise<void> {
    const rest = this.#text?.end();
    if (rest !== undefined) await this.#print(rest);
  }

  async #print(bytes: Uint8Array | string): Promise<void> {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }

  async discard(): Promise<void> {
    return Promise.resolve();
  }
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

/** Syncs a folder: after that, the names of its new files are on stable storage, too. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw exportFailed(`Writing the folder ${path}: ${writeReason(error)}.`, error);
  }
}
