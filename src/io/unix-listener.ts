// Listens on a Unix-domain socket. The socket of a killed process is removed first; one that is in use is not touched.

import { chmodSync, lstatSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { removeFile } from './remove-file.ts';

/** Whether a process listens at the socket. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

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
  if (await answers(path)) throw new Error('another process listens there');
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
