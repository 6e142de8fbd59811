// Writes a small file as a whole, for its owner alone. Nothing is synced: the loss of a record to a power cut harms nobody, and a disk that
// takes seconds to sync would hold up the supervisor.

import { closeSync, constants, openSync, renameSync, writeSync } from 'node:fs';
import { removeLeftover } from '../io/remove-file.ts';

/** @throws {Error} of the system; what was there is there still */
export function writeClosed(path: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const written = `${path}.new`;
  removeLeftover(written);
  const fd = openSync(written, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const content = Buffer.from(text);
    for (let at = 0; at < content.length;) at += writeSync(fd, content, at);
  } finally {
    closeSync(fd);
  }
  renameSync(written, path);
}
