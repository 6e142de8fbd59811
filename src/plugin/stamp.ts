// By what one sees that a file has changed: cheaply that it may have, and by its content that it has.

import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';

/** @param stats - undefined when there is no such file */
export function stampOf(stats: Stats | undefined): string {
  return stats === undefined ? 'none' : `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}`;
}

/** @param content - undefined when it cannot be read */
export function digestOf(content: Uint8Array | undefined): string {
  return content === undefined ? 'none' : createHash('sha256').update(content).digest('base64');
}
