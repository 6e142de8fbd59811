// Lets only one Sluice use a spool: the running one listens on a Unix-domain socket, which the system closes with its
// process, however that ends. A Sluice that is stopping says so to each client; a new one then waits for its end.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { StartError } from '../../errors/start-error.ts';
import { answers } from '../../io/unix-listener.ts';
import { removeFile } from '../../io/remove-file.ts';
import { socketError, socketPath } from '../../channel/manager-socket.ts';

/** Time in which a holder that is stopping says so; a holder that says nothing is running. */
const answerWithinMs = 1_000;

export class InstanceLock {
  readonly #server: Server;
  readonly #waiting = new Set<Socket>();
  #isEnding = false;

  private constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (!this.#isEnding) {
        socket.destroy();
        return;
      }
      this.#waiting.add(socket);
      socket.on('close', () => this.#waiting.delete(socket));
      socket.unref();
      socket.write('stopping');
    });
  }

  /**
   * Takes the lock of a spool.
   * @param onWait - called once before waiting for the end of another Sluice that holds the lock and is stopping
   * @throws {StartError} `SPOOL_IN_USE` when another Sluice holds the lock, `SPOOL_UNUSABLE` when its socket cannot be made
   */
  static async take(spool: string, onWait: () => void = () => undefined): Promise<InstanceLock> {
    const path = socketPath(spool, 'lock.sock');
    const lock = new InstanceLock();
    let hasWaited = false;
    for (;;) {
      if (await tryListen(lock.#server, path)) {
        lock.#server.unref();
        return lock;
      }
      const holder = await askHolder(path);
      if (holder === 'running') break;
      if (holder === 'gone') {
        removeLeftSocket(path);
      } else {
        if (!hasWaited) onWait();
        hasWaited = true;
        await new Promise((resolve) => {
          holder.once('close', resolve);
        });
      }
    }
    throw new StartError(
      'SPOOL_IN_USE',
      `Starting with the spool ${spool}: another Sluice is using it.`,
      'Stop that one first, or give this one a spool of its own (spool = "..." in the configuration).',
    );
  }

  /** From now on, another Sluice that wants the lock waits for its release. */
  announceEnd(): void {
    this.#isEnding = true;
  }

  release(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
  }
}

/** State of the lock's holder: gone, running, or (stopping) a socket that closes when it has stopped. */
function askHolder(path: string): Promise<'gone' | 'running' | Socket> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const late = setTimeout(() => {
      resolve('running');
      socket.destroy();
    }, answerWithinMs);
    const settle = (holder: 'gone' | 'running' | Socket): void => {
      clearTimeout(late);
      resolve(holder);
    };
    let isConnected = false;
    socket.on('error', () => undefined); // 'close' follows
    socket.once('connect', () => (isConnected = true));
    socket.once('data', () => settle(socket));
    socket.once('close', () => settle(isConnected ? 'running' : 'gone'));
  });
}

/** Whether a Sluice holds the lock of a spool now. */
export function isLocked(spool: string): Promise<boolean> {
  return answers(socketPath(spool, 'lock.sock'));
}

/** Removes the socket of a Sluice that was killed: a new server cannot listen on its path. */
function removeLeftSocket(path: string): void {
  try {
    removeFile(path);
  } catch (error) {
    throw socketError(path, error);
  }
}

function tryListen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(socketError(path, error));
    };
    server.once('error', failed);
    server.listen(path, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}
