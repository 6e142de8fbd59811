// Says in words why the system could not write a file or make a folder.

import { systemReason } from '../config/read/config-error.ts';

/** The reason, in words that follow `Writing PATH: `. */
export function writeReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'its folder does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there';
    case 'EROFS':
      return 'its file system is read-only';
    case 'EEXIST':
      return 'it is there already, and is no folder'; // mkdir(2); of a file, the caller knows that it is there
    case 'ENOTDIR':
      return 'a part of its path is no folder';
    default:
      return systemReason(error);
  }
}
