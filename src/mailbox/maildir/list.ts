// The messages of a Maildir, as its names tell them: no file is opened, so that 100,000 of them take as long as two folders take to read.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type MaildirName, parseMaildirName } from './name.ts';

export interface MaildirEntry extends MaildirName {
  /** Readers move messages from `new` to `cur`, and change flags there by renaming. */
  readonly part: 'new' | 'cur';
  readonly name: string;
}

/**
 * In no order. A message that a reader moves meanwhile may be missing, or there twice, with the same `unique`.
 * @param folder - the Maildir, or a folder of Maildir++ in it
 * @throws {Error} of the system; ENOENT when there is no Maildir
 */
export async function listMaildir(folder: string): Promise<MaildirEntry[]> {
  const [fresh, current] = await Promise.all([readdir(join(folder, 'new')), readdir(join(folder, 'cur'))]);
  const found: MaildirEntry[] = [];
  for (const [part, names] of [
    ['new', fresh],
    ['cur', current],
  ] as const) {
    for (const name of names) {
      const parsed = parseMaildirName(name);
      if (parsed !== undefined) found.push({ ...parsed, part, name });
    }
  }
  return found;
}
