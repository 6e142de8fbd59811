// The Unix-domain socket in the spool's folder on which the manager listens for the other roles.

import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '../errors/start-error.ts';
import { removeFile } from '../io/remove-file.ts';
import { listenAt, restrict } from '../io/unix-listener.ts';

/** sun_path holds 108 bytes on Linux and 104 on macOS, the final NUL included (unix(7)). */
const maxPathBytes = 100;

/** Pause between two attempts to connect to a manager that is not there, because it is being restarted. */
const reconnectMs = 50;

/** The folder of the spool in which every process of Sluice may make sockets of its own. */
export function runFolder(spool: string): string {
  return join(spool, 'run');
}

/** Path of a socket of this spool: in its folder, or in the folder for temporary files when that path is too long. */
export function socketPath(spool: string, name: string): string {
  const path = join(spool, name);
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const digest = createHash('sha256').update(spool).digest('hex').slice(0, 24);
  return join(tmpdir(), `sluice-${digest}-${name}`);
}

/** The error for a socket of the spool that cannot be made. */
export function socketError(path: string, error: unknown): StartError {
  return new StartError(
    'SPOOL_UNUSABLE',
    `Making ${path}: ${error instanceof Error ? error.message : String(error)}.`,
    'Make the spool a folder that Sluice may write. If it was one before, look at the system log for errors of its disk or file system.',
  );
}

/** Path of the socket on which the manager of this spool listens for the other roles. */
export function managerSocketPath(spool: string): string {
  return socketPath(spool, 'bus.sock');
}

/**
 * Listens for the other roles; only this user may connect, and if it `isShared` also the group of the roles.
 * First waits for the end of a manager that still runs because its supervisor was killed: two managers never share a spool.
 * @throws {StartError} `SPOOL_UNUSABLE` when the socket cannot be made
 */
export async function listenManagerSocket(
  path: string,
  accept: (socket: Socket) => void,
  isShared = false,
): Promise<Server> {
  for (let socket = await tryConnect(path); socket !== undefined; socket = await tryConnect(path)) {
    await socketClosed(socket);
  }
  const server = createServer(accept);
  try {
    removeFile(path);
    await listenAt(server, path);
    restrict(server, path, isShared ? 0o660 : 0o600);
  } catch (error) {
    throw socketError(path, error);
  }
  return server;
}

/** Connects to the manager, however long it takes to start; gives up when `cancelled` returns true. */
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

/** Resolves when the other end has closed the connection, or has reset it because its process died before accepting it. */
function socketClosed(socket: Socket): Promise<void> {
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
