// Paths from the working folder, which may have been removed since a program or its shell started there.

import { relative, resolve } from 'node:path';
import { StartError } from '../../errors/start-error.ts';

/**
 * Makes a path absolute. An absolute path is returned even when there is no working folder.
 * @throws {StartError} `NO_WORKING_FOLDER` when it was removed
 */
export function fromWorkingFolder(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    const what = path === '.' ? 'the spool and the sockets' : path;
    throw new StartError(
      'NO_WORKING_FOLDER',
      `Looking for ${what} in the working folder: it does not exist any more.`,
      'Change to another folder, or name a configuration file by its absolute path with --config.',
      { cause },
    );
  }
}

/** The path for messages: relative to the working folder if it is below it, else absolute. */
export function shortName(path: string): string {
  try {
    const name = relative(process.cwd(), path);
    return name.startsWith('..') ? path : name;
  } catch {
    return path; // the working folder was removed
  }
}
