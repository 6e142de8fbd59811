// The folder `damaged` keeps damaged files, so that people can examine them. Files are moved there by renaming. When the
// folder has too many files or bytes, the oldest files are removed, so that a failing disk does not fill it up.

import { basename, join } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import type { SpoolLayout } from './layout.ts';
import { systemCode } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

/** Limits of the folder. */
const maxDamagedFiles = 200;
const maxDamagedBytes = 1024 ** 3;

export interface DamagedFile {
  readonly name: string;
  readonly bytes: number;
}

/** The files in the folder, oldest first. */
export async function listDamaged(files: FileLayer, layout: SpoolLayout): Promise<DamagedFile[]> {
  let names: string[];
  try {
    names = await files.readdir(layout.damaged);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  const found: DamagedFile[] = [];
  // Each name begins with the time at which the file was moved here, so sorting by name sorts by age.
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
 * Moves a file of the spool to the folder `damaged`. The move is durable once the caller has also synced the folder
 * that the file came from.
 * @returns the new path; undefined when there is no such file
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
    if (count <= maxDamagedFiles && bytes <= maxDamagedBytes) break;
    // After the clock was set back, the new file may sort before older ones.
    if (oldest.name === name) continue;
    await files.unlink(join(layout.damaged, oldest.name)).catch(() => undefined);
    count--;
    bytes -= oldest.bytes;
  }
  return aside;
}

export function asideProblem(path: string, aside: string): SpoolProblem {
  return { kind: 'aside', place: basename(path), text: `the file is damaged and is kept as ${aside}` };
}
