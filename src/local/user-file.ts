// Files of the user that say what becomes of mail. Whatever stands at such a path, a look at it takes bounded time and memory: no FIFO is waited
// for, and what is no file of the user, or what others can write to, is not read (dot-qmail(5), forward(5)).

import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type Fault, fault } from '../instructions/types.ts';

/** As many addresses as a list of that kind ever has. */
export const mostFileBytes = 256 * 1024;
const writableByOthers = 0o022;
const sticky = 0o1000;
const executable = 0o100;

export interface UserFile {
  readonly kind: 'file';
  readonly text: string;
  readonly isExecutable: boolean;
}

/** May mail be delivered as the home says? */
export async function homeFault(home: string, uid: number): Promise<Fault | undefined> {
  try {
    const found = await stat(home);
    if (!found.isDirectory()) return fault('4.3.0', `the home ${home} is no folder`);
    if (found.uid !== uid) return fault('4.7.0', `the home ${home} is not the user's own`);
    if ((found.mode & writableByOthers) !== 0) return fault('4.7.0', `others can write to the home ${home}`);
    if ((found.mode & sticky) !== 0)
      return fault('4.2.1', `the home ${home} has the sticky bit: the user is changing what becomes of mail`);
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? fault('4.3.0', `the home ${home} is not there: is it mounted?`)
      : fault('4.3.0', `the home ${home}: ${code}`);
  }
}

/**
 * @param uid - whose it must be; undefined: of anybody
 * @returns undefined: there is none
 */
export async function readUserFile(path: string, uid?: number): Promise<UserFile | Fault | undefined> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // ENOTDIR, ENAMETOOLONG: no file can have this name.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    return fault('4.3.0', `${path} cannot be read: ${code}`);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) return fault('4.7.0', `${path} is no regular file`);
    if (uid !== undefined && found.uid !== uid) return fault('4.7.0', `${path} is not the user's own`);
    if ((found.mode & writableByOthers) !== 0) return fault('4.7.0', `others can write to ${path}`);
    const room = Buffer.alloc(Math.min(found.size, mostFileBytes) + 1);
    let size = 0;
    for (let bytes = -1; bytes !== 0 && size < room.length; size += bytes)
      ({ bytesRead: bytes } = await file.read(room, size, room.length - size, size));
    if (size > mostFileBytes) return fault('4.2.1', `${path} is larger than ${mostFileBytes / 1024} KiB`);
    const bytes = room.subarray(0, size);
    if (bytes.includes(0)) return fault('4.2.1', `${path} is no text`);
    const text = textOf(bytes);
    if (text === undefined) return fault('4.2.1', `${path} is not in UTF-8`);
    return { kind: 'file', text, isExecutable: (found.mode & executable) !== 0 };
  } catch (error) {
    return fault('4.3.0', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no reason'}`);
  } finally {
    await file.close();
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns a fault where it cannot be told */
export async function isThere(path: string): Promise<boolean | Fault> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return false;
    return fault('4.3.0', `${path}: ${code}`);
  }
}
