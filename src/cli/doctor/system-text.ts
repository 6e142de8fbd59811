// Reads the small text files in which the kernel tells about itself (proc(5), sysfs(5)). What is not there, as everywhere off Linux, or
// may not be read, is undefined: checks then say so, or do without.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export async function systemText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The first number of such a file. */
export async function systemNumber(path: string): Promise<number | undefined> {
  const found = Number((await systemText(path))?.trim().split(/\s+/u)[0] || Number.NaN);
  return Number.isFinite(found) ? found : undefined;
}

/** Whether this system tells of its processes in files. */
export function hasProc(): boolean {
  return existsSync('/proc/self/limits');
}
