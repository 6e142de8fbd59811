// Finds the folder that keeps other users from reaching a path.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';

const othersMaySearch = 0o001;

/** The uppermost folder of an absolute path that others may not enter, the path itself included; undefined if they may. */
export function closedFolder(path: string): string | undefined {
  const above = dirname(path);
  const closed = above === path ? undefined : closedFolder(above);
  return closed ?? ((statSync(path).mode & othersMaySearch) === 0 ? path : undefined);
}
