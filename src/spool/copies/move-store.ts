// Copies the store of a queue that nobody uses to another folder, such as on another disk. Promises: the copy is there as a whole or not at all; it
// is on stable storage, and was read again and compared; the source is only read.

import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fdatasync, readUpTo, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { checkFormat } from '../segments/directory.ts';
import { spoolLayout } from '../segments/layout.ts';
import { SpoolError } from '../spool-error.ts';
import { CopyError, writing } from './copy-error.ts';
import type { Pace } from './pace.ts';
import { Unfinished } from './unfinished.ts';

export interface MoveOptions {
  readonly files: FileLayer;
  readonly spool: string;
  /** The new folder; there must be nothing of this name, and its parent must be there. */
  readonly target: string;
  readonly pace: Pace;
}

export interface MoveResult {
  readonly files: number;
  readonly bytes: number;
}

const pieceBytes = 256 * 1024;

/**
 * Copies it.
 * @throws {CopyError} `COPY_EXISTS`, `COPY_FAILED`, `COPY_RUNNING`, `COPY_CANCELLED`
 * @throws {SpoolError} `SPOOL_FORMAT` when there is no store, `SPOOL_FOREIGN` when something in it is neither a file nor a folder
 */
export async function copyStore({ files, spool, target, pace }: MoveOptions): Promise<MoveResult> {
  if ((await checkFormat(files, spoolLayout(spool))) === 'absent')
    throw new SpoolError('SPOOL_FORMAT', `there is no spool in ${spool}`, {
      advice: 'Name its configuration with --config, and its queue with --queue.',
    });
  await refuseWithin(spool, target);
  const unfinished = await Unfinished.begin(resolve(target));
  try {
    const sums = new Map<string, string>();
    const total = { files: 0, bytes: 0 };
    const folders = ['.'];
    for await (const { path, isFolder } of entriesOf(spool, spool)) {
      const [from, to] = [join(spool, path), join(unfinished.folder, path)];
      if (isFolder) {
        folders.push(path);
        await writing(target, mkdir(to, { mode: 0o700 }));
        continue;
      }
      const { sum, bytes } = await copied(files, from, to, { pace, target });
      sums.set(path, sum);
      total.files++;
      total.bytes += bytes;
    }
    for (const [path, sum] of sums)
      if ((await sumOf(files, join(unfinished.folder, path), pace)) !== sum) throw differs(target, path);
    for (const path of [...sums.keys(), ...folders]) {
      const { uid, gid, mode } = await lstat(join(spool, path));
      const to = join(unfinished.folder, path);
      if (process.getuid?.() === 0) await writing(target, chown(to, uid, gid));
      await writing(target, chmod(to, mode & 0o7777));
    }
    for (const path of folders.toReversed())
      await writing(target, files.syncDirectory(join(unfinished.folder, path)));
    await writing(target, unfinished.complete());
    return total;
  } catch (error) {
    await unfinished.remove();
    throw error;
  }
}

/** Folders before what is in them. What the file system keeps for itself, and what a probe left, stays. */
async function* entriesOf(
  root: string,
  folder: string,
): AsyncGenerator<{ readonly path: string; readonly isFolder: boolean }> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = relative(root, join(folder, entry.name));
    if (path === 'lost+found' || entry.name.startsWith('probe.')) continue;
    if (entry.isDirectory()) {
      yield { path, isFolder: true };
      yield* entriesOf(root, join(folder, entry.name));
    } else if (entry.isFile()) yield { path, isFolder: false };
    else throw new SpoolError('SPOOL_FOREIGN', `${join(folder, entry.name)} is neither a file nor a folder`);
  }
}

/** @throws {CopyError} `COPY_EXISTS` when the new folder would be within the old one */
async function refuseWithin(spool: string, target: string): Promise<void> {
  const above = await writing(target, realpath(dirname(resolve(target))));
  if (!`${above}${sep}`.startsWith(`${await realpath(spool)}${sep}`)) return;
  throw new CopyError(
    'COPY_EXISTS',
    `${target} is within ${spool}, and would be copied into itself.`,
    'Name a folder outside of it.',
  );
}

async function copied(
  files: FileLayer,
  from: string,
  to: string,
  { pace, target }: Pick<MoveOptions, 'pace' | 'target'>,
): Promise<{ readonly sum: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  const input = await files.open(from, 'r');
  let at = 0;
  try {
    const output = await writing(target, files.open(to, 'wx'));
    try {
      for await (const piece of pieces(files, input, pace)) {
        hash.update(piece);
        await writing(target, writeAll(files, output, [piece], at));
        at += piece.length;
      }
      await writing(target, fdatasync(files, output));
    } finally {
      await files.close(output);
    }
  } finally {
    await files.close(input);
  }
  return { sum: hash.digest('hex'), bytes: at };
}

async function sumOf(files: FileLayer, path: string, pace: Pace): Promise<string> {
  const hash = createHash('sha256');
  const input = await files.open(path, 'r');
  try {
    for await (const piece of pieces(files, input, pace)) hash.update(piece);
  } finally {
    await files.close(input);
  }
  return hash.digest('hex');
}

async function* pieces(files: FileLayer, fd: number, pace: Pace): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; ;) {
    const got = await readUpTo(files, fd, buffer, buffer.length, at);
    if (got === 0) return;
    yield buffer.subarray(0, got);
    at += got;
    await pace.took(got);
  }
}

function differs(target: string, path: string): CopyError {
  return new CopyError(
    'COPY_FAILED',
    `${join(target, path)} is not what was written: the new disk fails.`,
    'Use another disk. The queue is still where it was.',
  );
}
