// Listening on a Unix-domain socket: what a killed process left behind is cleared away, what is in use is not touched.

import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

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

/**
 * Makes the folder if needed, and listens.
 * @param mode - permissions of the socket: who may write may connect (unix(7))
 * @throws {Error} with the system's words, or that another process listens there
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  if (await answers(path)) throw new Error('another process listens there');
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, mode);
}
