// One Sluice for one spool: a Unix-domain socket that the running one holds. It goes with its process, however that ends.

import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { StartError } from '../errors/start-error.ts';
import { answers } from '../io/unix-listener.ts';
import { socketPath } from './bus.ts';

/** Releases the lock. */
export type Release = () => void;

/**
 * Takes the lock of a spool.
 * @throws {StartError} `SPOOL_IN_USE` when another Sluice holds it
 */
export async function lockInstance(spool: string): Promise<Release> {
  const path = socketPath(spool, 'lock.sock');
  const server = createServer((socket) => socket.destroy());
  for (const last of [false, true]) {
    if (await tryListen(server, path)) {
      server.unref();
      return () => server.close();
    }
    if (last || (await answers(path))) break;
    rmSync(path, { force: true }); // left behind by a Sluice that was killed
  }
  throw new StartError(
    'SPOOL_IN_USE',
    `Starting with the spool ${spool}: another Sluice is using it.`,
    'Stop that one first, or give this one a spool of its own (spool = "..." in the configuration).',
  );
}

function tryListen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else
        reject(
          new StartError(
            'SPOOL_UNUSABLE',
            `Making ${path}: ${error.message}.`,
            'Make the spool a folder that Sluice may write.',
          ),
        );
    };
    server.once('error', failed);
    server.listen(path, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}
