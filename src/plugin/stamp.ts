// By what one sees that a file has changed.

import type { Stats } from 'node:fs';

/** @param stats - undefined when there is no such file */
export function stampOf(stats: Stats | undefined): string {
  return stats === undefined ? 'none' : `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}`;
}
