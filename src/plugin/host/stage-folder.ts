// The folder of a plugin, which all its processes share: those of receivers, and that of the manager, which may be another user. Promise: where the
// folder above is shared by a group, so is this one, whatever the umask of the process that makes it.

import { chmodSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../io/make-folder.ts';

/** New files get the group of the folder, and the group may make files. */
const shared = 0o2770;
const sharedBits = 0o2020;

/** @throws {Error} with the system's message */
export function makeStageFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  makeFolder(path, 0o770);
  if ((statSync(dirname(path)).mode & sharedBits) !== sharedBits) return;
  // Where another process, of another user, has made it meanwhile, that one sees to it.
  if (statSync(path).uid === process.geteuid?.()) chmodSync(path, shared);
}
