// Listens on a Unix-domain socket. The socket of a killed process is removed first; one that is in use is not touched.

import { chmodSync, lstatSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import type { ListenAddress } from '../values/listen-address.ts';
import { makeFolder } from './make-folder.ts';
import { removeFile } from './remove-file.ts';

/** Whether a process listens at the socket, and lets this one connect. */
export async function answers(path: string): Promise<boolean> {
  return (await triedAt(path)) === '';
}

/** The code of the error when one connects to the socket; empty when a process answers. */
function triedAt(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('');
    });
    socket.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => resolve(code));
  });
}

/** What shows that nobody listens there (unix(7)). After any other error somebody may: it lets others connect, or is busy. */
const nobodyThere: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

/** Removes a socket and nothing else: a mistaken path may be that of somebody's file. */
function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('a file that is no socket has this name');
  removeFile(path);
}

/**
 * Makes the folder if needed, and listens.
 * @param mode - permissions of the socket: who may write may connect (unix(7))
 * @throws {Error} with the system's words, or that another process listens there
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<void> {
  makeFolder(dirname(path));
  const problem = await triedAt(path);
  if (!nobodyThere.has(problem)) {
    throw new Error(`another process listens there${problem === '' ? '' : ` (${problem})`}`);
  }
  removeSocket(path);
  await listenAt(server, path);
  restrict(server, path, mode);
}

/** Listens at a path where nothing is. @throws {Error} with the system's code and words */
export function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Sets the permissions of a socket; closes the socket when that fails. @throws {Error} with the system's words */
export function restrict(server: Server, path: string, mode: number): void {
  try {
    chmodSync(path, mode);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Changes the permissions of a socket that is listened at. @returns why that failed; undefined when it did not */
export function changeMode(address: ListenAddress, mode: number): string | undefined {
  if (address.kind === 'tcp') return undefined;
  try {
    chmodSync(address.path, mode);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `The permissions of ${address.path} could not be changed: ${reason}.`;
  }
}
