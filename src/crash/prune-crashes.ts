// Removes what has been kept of crashes for too long, or takes too much room: records, reports and cores, and what lies in the folders of the
// roles and nobody has taken, such as the core of a program that a role started. The oldest go first. Nothing here waits in the way of other
// work: a disk that hangs must not hold up the supervisor.

import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { filesByName, isMissing, newFolderOf } from './crash-folder.ts';
import { crashedProcesses } from './crash-record.ts';

export interface Keeping {
  readonly keep: number;
  /** In ms. */
  readonly maxAge: number;
  /** In bytes. */
  readonly maxSize: number;
}

interface FoundFile {
  readonly path: string;
  readonly atMs: number;
  /** The room that it takes: a core has holes. */
  readonly bytes: number;
}

/**
 * Removes the oldest in the folder of crashes, and in those of its roles.
 * @param nowMs - Unix ms
 * @throws {Error} of the system when a folder cannot be read
 */
export async function pruneCrashes(folder: string, keeping: Keeping, nowMs: number): Promise<void> {
  await pruneKept(folder, keeping, nowMs);
  await pruneLeftovers(folder, keeping, nowMs);
}

/** Of the newest crash, the record stays whatever its age. */
async function pruneKept(folder: string, { keep, maxAge, maxSize }: Keeping, nowMs: number): Promise<void> {
  let count = 0;
  let total = 0;
  const crashes = filesByName(folder, await namesIn(folder));
  for (const [name, paths] of [...crashes].sort(([a], [b]) => (a < b ? 1 : -1))) {
    count++;
    const isOld = nowMs - dateOf(name) > maxAge;
    for (const { path, bytes } of await filesAt(paths)) {
      const isKeptAnyway = count === 1 && path === join(folder, `${name}.json`) && bytes <= maxSize;
      if (!isKeptAnyway && (count > keep || isOld || total + bytes > maxSize)) await removeQuietly(path);
      else total += bytes;
    }
  }
}

/** A report or a core that is being written is the newest. */
async function pruneLeftovers(
  folder: string,
  { maxAge, maxSize }: Omit<Keeping, 'keep'>,
  nowMs: number,
): Promise<void> {
  const found: FoundFile[] = [];
  for (const each of crashedProcesses) {
    const of = newFolderOf(folder, each);
    found.push(...(await filesAt((await namesIn(of)).map((name) => join(of, name)))));
  }
  let total = 0;
  for (const { path, atMs, bytes } of found.sort((a, b) => b.atMs - a.atMs)) {
    if (nowMs - atMs > maxAge || total + bytes > maxSize) await removeQuietly(path);
    else total += bytes;
  }
}

/** Of files only; what is gone meanwhile is left out. */
async function filesAt(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() !== true) continue;
    found.push({ path, atMs: stats.mtimeMs, bytes: Math.min(stats.size, stats.blocks * 512) });
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** What cannot be removed now is tried again. */
async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

/** Unix ms; NaN for no date. */
function dateOf(name: string): number {
  const form = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/u;
  return Date.parse(name.slice(0, 19).replace(form, '$1-$2-$3T$4:$5:$6.$7Z'));
}
