// Files of taps that cannot be read, for `sluice check` and for a reload. Promises: no file is opened, and nothing waits for one.

import { accessSync, constants, statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';

type Taps = Pick<Config, 'tap'>;

export interface UnreadTapFile extends ConfigWarning {
  readonly file: string;
  /** Another user than the present one may be allowed to read it. */
  readonly isDenied: boolean;
}

/**
 * Until a file of taps can be read, all mail is answered 451. So nobody begins with one that cannot.
 * @param before - the configuration in force, whose files are left out: one of them may be missing for a moment
 */
export function unreadTapFiles({ tap }: Taps, before: Taps = { tap: [] }): readonly UnreadTapFile[] {
  const known = new Set(before.tap.map(({ file }) => file));
  return tap.flatMap(({ file }, index) => {
    const code = file === undefined || known.has(file) ? undefined : whyUnread(file);
    if (file === undefined || code === undefined) return [];
    const message = `${file} cannot be read (${code}), so that all mail would be answered 451. Make the file, if need be an empty one, or correct its name or mode`;
    return [{ path: ['tap', index, 'file'], file, message, isDenied: code === 'EACCES' || code === 'EPERM' }];
  });
}

/** @returns the code of the system's error */
function whyUnread(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() ? 'EISDIR' : undefined;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
