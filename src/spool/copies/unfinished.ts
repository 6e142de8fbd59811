// A copy that is being written: a folder beside its target, with a file that names the process. It becomes the target by one
// rename, when all of it is on stable storage. What a process left that was killed is removed by the next one.

import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../spool-error.ts';
import { CopyError, writing } from './copy-error.ts';

/** The file in the folder that names the process. */
export const markName = 'being-written';
const markText = /^sluice (\d+)\n$/;

export class Unfinished {
  /** Where the copy will be. */
  readonly target: string;
  /** Where it is written. */
  readonly folder: string;

  private constructor(target: string) {
    this.target = target;
    this.folder = `${target}.incomplete`;
  }

  /** @throws {CopyError} `COPY_EXISTS`, `COPY_RUNNING`, `COPY_FAILED` */
  static async begin(target: string): Promise<Unfinished> {
    if (existsSync(target)) {
      throw new CopyError(
        'COPY_EXISTS',
        `${target} exists already, and a copy overwrites nothing.`,
        'Name a folder that does not exist yet, for example inside this one.',
      );
    }
    const unfinished = new Unfinished(target);
    const { folder } = unfinished;
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') await writing(target, Promise.reject(error as Error));
      await unfinished.#removeLeft();
      await writing(target, mkdir(folder, { mode: 0o700 }));
    }
    await writing(target, writeFile(join(folder, markName), `sluice ${process.pid}\n`));
    return unfinished;
  }

  /** Removes what an earlier process left; nothing else has a mark in it. */
  async #removeLeft(): Promise<void> {
    const mark = await readFile(join(this.folder, markName), 'utf8').catch(() => '');
    const pid = Number(markText.exec(mark)?.[1] ?? 0);
    if (pid === 0) {
      throw new CopyError(
        'COPY_EXISTS',
        `${this.folder} exists already, and was not left by an earlier copy.`,
        'The copy is written there at first: move it away, or name another folder.',
      );
    }
    if (isAlive(pid)) {
      throw new CopyError(
        'COPY_RUNNING',
        `Process ${pid} is writing ${this.folder}.`,
        `Wait until it has ended. If it is no sluice command, remove this folder.`,
      );
    }
    await this.remove();
  }

  /** Renames the folder. Its files are on stable storage. */
  async complete(): Promise<void> {
    await unlink(join(this.folder, markName));
    await syncFolder(this.folder);
    await rename(this.folder, this.target);
    await syncFolder(dirname(this.target));
  }

  /** Removes what was written. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
