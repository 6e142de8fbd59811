// Where the other roles find the manager: a Unix-domain socket in the spool's folder.

import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '../errors/start-error.ts';
import { removeFile } from '../io/remove-file.ts';
import { listenAt, restrict } from '../io/unix-listener.ts';

/** sun_path holds 108 bytes on Linux and 104 on macOS, the final NUL included (unix(7)). */
const maxPathBytes = 100;

/** How often a role looks for a manager that is not there (it is being restarted). */
const reconnectMs = 50;

/** A socket of this spool: in its folder, or in the folder for temporary files when the spool's name is too long. */
export function socketPath(spool: string, name: string): string {
  const path = join(spool, name);
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const digest = createHash('sha256').update(spool).digest('hex').slice(0, 24);
  return join(tmpdir(), `sluice-${digest}-${name}`);
}

/** Why a socket of the spool cannot be made. */
export function socketError(path: string, error: unknown): StartError {
  return new StartError(
    'SPOOL_UNUSABLE',
    `Making ${path}: ${error instanceof Error ? error.message : String(error)}.`,
    'Make the spool a folder that Sluice may write. If it was one before, look at the system log for errors of its disk or file system.',
  );
}

/** Where the manager of this spool listens for the other roles. */
export function managerSocketPath(spool: string): string {
  return socketPath(spool, 'bus.sock');
}

/**
 * Listens for the other roles; only this user may connect.
 * A manager that still runs (its supervisor was killed and it is about to follow) is waited for: two never share a spool.
 * @throws {StartError} `SPOOL_UNUSABLE` when the socket cannot be made
 */
export async function listenManagerSocket(path: string, accept: (socket: Socket) => void): Promise<Server> {
  for (let socket = await tryConnect(path); socket !== undefined; socket = await tryConnect(path)) {
    await gone(socket);
  }
  const server = createServer(accept);
  try {
    removeFile(path);
    await listenAt(server, path);
    restrict(server, path, 0o600);
  } catch (error) {
    throw socketError(path, error);
  }
  return server;
}

/** Connects to the manager, however long it takes to come up; `cancelled` ends the search. */
export async function connectManagerSocket(
  path: string,
  cancelled: () => boolean,
): Promise<Socket | undefined> {
  while (!cancelled()) {
    const socket = await tryConnect(path);
    if (socket !== undefined) return socket;
    await new Promise((resolve) => {
      setTimeout(resolve, reconnectMs);
    });
  }
  return undefined;
}

/** Resolves when the other end is gone; a process that dies before it has accepted the connection resets it. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => resolve());
    socket.resume();
  });
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(undefined));
  });
}
