// The folder that a program runs in, which may be gone: somebody removed it while a shell stood in it.

import { relative, resolve } from 'node:path';
import { StartError } from '../../errors/start-error.ts';

/**
 * The absolute name of what is named from the working folder; what is absolute already needs none.
 * @throws {StartError} `NO_WORKING_FOLDER` when it was removed
 */
export function fromWorkingFolder(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    const what = path === '.' ? 'what no configuration file names' : path;
    throw new StartError(
      'NO_WORKING_FOLDER',
      `Looking for ${what} in the working folder: it does not exist any more.`,
      'Change to another folder, or name a configuration file with --config and its absolute name.',
      { cause },
    );
  }
}

/** For messages: the name from the working folder if it is below it, else the absolute name. */
export function shortName(path: string): string {
  try {
    const name = relative(process.cwd(), path);
    return name.startsWith('..') ? path : name;
  } catch {
    return path; // there is no working folder any more
  }
}
