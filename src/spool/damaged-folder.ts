// The folder `damaged`: files that cannot be used any more and that somebody may want to look at. They are renamed, not
// copied. Beyond a number or a size the oldest go, so that a failing disk does not fill itself with what it spoilt.

import { basename, join } from 'node:path';
import type { FileLayer } from './file-layer.ts';
import type { SpoolLayout } from './layout.ts';
import { systemCode } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

/** At most so many files, with at most so many bytes, are kept. */
export const damagedFiles = 200;
export const damagedBytes = 1024 ** 3;

export interface DamagedFile {
  readonly name: string;
  readonly bytes: number;
}

/** What the folder holds, oldest first. */
export async function listDamaged(files: FileLayer, layout: SpoolLayout): Promise<DamagedFile[]> {
  let names: string[];
  try {
    names = await files.readdir(layout.damaged);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  const found: DamagedFile[] = [];
  // Each name begins with the time at which it came.
  for (const name of names.sort())
    found.push({ name, bytes: await sizeOf(files, join(layout.damaged, name)) });
  return found;
}

async function sizeOf(files: FileLayer, path: string): Promise<number> {
  try {
    const fd = await files.open(path, 'r');
    try {
      return await files.size(fd);
    } finally {
      await files.close(fd);
    }
  } catch {
    return 0;
  }
}

/**
 * Moves a file of the spool there, durably once its own folder is synced, too.
 * @returns its new path; undefined when there is no such file
 */
export async function setAside(
  files: FileLayer,
  layout: SpoolLayout,
  path: string,
  nowMs: number,
): Promise<string | undefined> {
  const name = `${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}-${basename(path)}`;
  const aside = join(layout.damaged, name);
  await files.mkdir(layout.damaged);
  try {
    await files.rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  await files.syncDirectory(layout.damaged);
  const kept = await listDamaged(files, layout);
  let bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
  let count = kept.length;
  for (const oldest of kept) {
    if (oldest.name === name || (count <= damagedFiles && bytes <= damagedBytes)) break;
    await files.unlink(join(layout.damaged, oldest.name)).catch(() => undefined);
    count--;
    bytes -= oldest.bytes;
  }
  return aside;
}

export function asideProblem(path: string, aside: string): SpoolProblem {
  return { kind: 'aside', place: basename(path), text: `it is damaged and is kept as ${aside}` };
}
