// Makes, moves and removes mailboxes, for commands. They are called by root as well, so what they make belongs to the owner of the folder above.

import { chown, lstat, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeMailFiles } from './mail-files.ts';
import type { MailboxPlace } from './mailbox-place.ts';
import { PreparedMaildirs } from './maildir/prepared.ts';

export async function isThere(path: string): Promise<boolean> {
  return (await nodeMailFiles.kindOf(path, true)) !== 'missing';
}

/** Makes an empty Maildir; does nothing if it is there. @throws {Error} of the system */
export async function createMailbox({ path, base }: MailboxPlace): Promise<void> {
  const made = await missingFolders(path, base);
  await new PreparedMaildirs(nodeMailFiles).prepare({ folder: path, base, followsLinks: true }, Date.now());
  for (const part of ['tmp', 'new', 'cur']) made.push(join(path, part));
  for (const folder of made) await giveToOwnerOf(base, folder);
}

/** Of the folders to a mailbox, from the top. */
async function missingFolders(path: string, base: string): Promise<string[]> {
  const missing: string[] = [];
  for (let each = path; each !== base && !(await isThere(each)); each = dirname(each)) missing.unshift(each);
  return missing;
}

/** A file or folder that root has made belongs to whom the other one belongs. @throws {Error} of the system */
export async function giveToOwnerOf(other: string, made: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(other);
  const present = await lstat(made);
  if (present.uid !== uid || present.gid !== gid) await chown(made, uid, gid);
}

/**
 * Moves a mailbox to where that of the user is under another name.
 * @throws {Error} of the system; EEXIST when something is there
 */
export async function moveMailbox(from: string, { path, base }: MailboxPlace): Promise<void> {
  if (await isThere(path)) throw Object.assign(new Error(`${path} is there already`), { code: 'EEXIST' });
  const made = await missingFolders(dirname(path), base);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (const folder of made) await giveToOwnerOf(base, folder);
  await rename(from, path);
  await nodeMailFiles.syncDirectory(dirname(path), true);
  await nodeMailFiles.syncDirectory(dirname(from), true);
}

/** Removes a mailbox with all of its mail; links in it are removed, and not followed. @throws {Error} of the system */
export async function removeMailbox(path: string): Promise<void> {
  await rm(path, { recursive: true });
}
