// Compares the files of a backup with the sums in its list.

import { join } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import { sumOf } from './copied-file.ts';
import { readSums } from './manifest.ts';

/** A file that is missing or changed. */
export interface WrongFile {
  readonly path: string;
  readonly why: string;
}

/** Yields the files that are not as they were written; nothing when the folder is no backup. */
export async function* wrongFiles(files: FileLayer, folder: string): AsyncGenerator<WrongFile> {
  for (const [path, sum] of (await readSums(files, folder)) ?? []) {
    let found: string;
    try {
      found = await sumOf(files, join(folder, path));
    } catch (error) {
      yield { path, why: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
      continue;
    }
    if (found !== sum) yield { path, why: 'it is not as it was written: its SHA-256 is another one' };
  }
}
