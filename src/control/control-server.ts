// The control sockets: one for all operations, one for those that only ask, and one for users who change their own password. Who may open the first
// two, their groups decide; anybody may open the third. One
// request a connection, one JSON object a line.
// A connection that closes cancels its request.

import type { Trail } from '../crash/trail.ts';
import { chmodSync, chownSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SluiceError } from '../errors/sluice-error.ts';
import { listenUnix } from '../io/unix-listener.ts';
import { LineReader } from '../values/line-reader.ts';
import { cancelLine, type ControlName, type ControlReply } from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import { parseRequest, rightsFor } from './control-request.ts';
import { perform, type Rights, type Service } from './operations/operation.ts';
import type { ControlSet } from './operations/sets.ts';
import { performInQueue } from './queue-scope.ts';

/** What one socket takes. */
interface SocketLimits {
  /** The longest line that is accepted as a request. */
  readonly requestBytes: number;
  /** Further connections are closed at once; undefined: as many as this process may open. */
  readonly connections: number | undefined;
  /** A connection is closed when its request is not complete within this time: a silent program would hold it forever. */
  readonly requestTimeoutMs: number;
}

/**
 * Who may only ask must not be able to use up the memory or the open files of this process, which those with full rights need, too.
 * A change may name many thousand messages; no question is that long.
 */
const limitsOf: Readonly<Record<Rights, SocketLimits>> = {
  change: { requestBytes: 16 * 1024 * 1024, connections: undefined, requestTimeoutMs: 60_000 },
  read: { requestBytes: 256 * 1024, connections: 100, requestTimeoutMs: 60_000 },
  // Anybody may hold its connections: they are few, and end soon.
  own: { requestBytes: 32 * 1024, connections: 50, requestTimeoutMs: 5_000 },
};

/** What whoever can open a socket may do. */
interface Scope {
  readonly rights: Rights;
  /** The only queue that it may ask about and change; undefined: there is no such bound. */
  readonly queue: string | undefined;
  /** Operators of one queue are not to hold up those of the whole instance, either. */
  readonly limits: SocketLimits;
}

/** How often a sign of life is sent while the answer takes longer. */
const signOfLifeMs = 1_000;

export interface ControlServerOptions {
  readonly service: Service<ControlSet>;
  /** Called for an error without a code of its own: a fault of Sluice. */
  readonly failed: (message: string) => void;
  /** Says what is being answered, for the case that this process crashes. */
  readonly trail?: Trail | undefined;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** How many requests have come. */
  #lastNumber = 0;

  constructor(options: ControlServerOptions) {
    this.#options = options;
  }

  /**
   * @param rights - of whoever can open the socket
   * @param gid - the group that may open it; undefined: only this user may, and with rights `own` everybody
   * @param queue - all that it may ask about and change; undefined: everything
   * @throws {ControlError} `CONTROL_SOCKET` when the socket cannot be made, `CONTROL_GROUP` when it cannot be given to the group
   */
  async listen(path: string, rights: Rights, gid: number | undefined, queue?: string): Promise<void> {
    const scope: Scope = { rights, queue, limits: limitsOf[queue === undefined ? rights : 'read'] };
    const server = createServer((socket) => this.#connected(socket, scope));
    const { connections } = scope.limits;
    if (connections !== undefined) server.maxConnections = connections;
    this.#servers.push(server);
    try {
      await listenUnix(server, path, rights === 'own' ? 0o666 : 0o600);
    } catch (error) {
      throw new ControlError(
        'CONTROL_SOCKET',
        `Making the control socket ${path}: ${error instanceof Error ? error.message : String(error)}.`,
        'Set control_socket to a path of at most 100 bytes of its own, in a folder that Sluice may write.',
      );
    }
    if (gid !== undefined) openToGroup(path, gid);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(socket: Socket, scope: Scope): void {
    this.#sockets.add(socket);
    const cancelled = new AbortController();
    let isAsked = false;
    const { requestBytes, requestTimeoutMs } = scope.limits;
    const lines = new LineReader(requestBytes);
    const timer = setTimeout(() => socket.destroy(), requestTimeoutMs).unref();
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
      cancelled.abort();
    });
    socket.on('data', (piece: string) => {
      for (const line of lines.add(piece)) {
        if (!isAsked) {
          isAsked = true;
          clearTimeout(timer);
          void this.#answer(socket, line, scope, cancelled.signal);
        } else if (isCancel(line)) cancelled.abort();
      }
      if (lines.isTooLong) socket.destroy();
    });
  }

  async #answer(socket: Socket, line: string, scope: Scope, signal: AbortSignal): Promise<void> {
    const send = (reply: ControlReply): boolean => socket.write(`${JSON.stringify(reply)}\n`);
    const timer = setInterval(() => {
      // A client that does not read needs no sign of life.
      if (!socket.writableNeedDrain) send({ kind: 'working' });
    }, signOfLifeMs);
    const report = (rows: readonly unknown[]): void | Promise<void> => {
      if (!socket.destroyed && !send({ kind: 'rows', rows })) return drained(socket);
    };
    const number = ++this.#lastNumber;
    const { service, trail } = this.#options;
    try {
      const { name, question } = parseRequest(line);
      trail?.begin('answer', name, number);
      trail?.flush();
      const { rights, queue } = scope;
      if (rights !== 'change') refuseMore(rights, name, question);
      const call = { signal, report };
      const answer =
        queue === undefined
          ? perform(service, name, question, call)
          : performInQueue(service, queue, name, question, call);
      send({ kind: 'end', result: await answer });
    } catch (error) {
      send(this.#errorReply(error));
    } finally {
      clearInterval(timer);
      trail?.endAll(number);
    }
    socket.end();
  }

  #errorReply(error: unknown): ControlReply {
    if (error instanceof SluiceError) {
      return { kind: 'error', code: error.code, message: error.message, advice: error.advice };
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#options.failed(message);
    return {
      kind: 'error',
      code: 'CONTROL_FAILED',
      message,
      advice: 'The log of Sluice has the same error.',
    };
  }
}

/** The owner first: chown(2) may clear bits of the mode. @throws {ControlError} `CONTROL_GROUP` */
function openToGroup(path: string, gid: number): void {
  try {
    chownSync(path, -1, gid);
    chmodSync(path, 0o660);
  } catch (error) {
    throw new ControlError(
      'CONTROL_GROUP',
      `Giving the control socket ${path} to the group ${gid} of [control]: ${error instanceof Error ? error.message : String(error)}.`,
      'Let root start Sluice, or make the user that runs Sluice a member of the group.',
    );
  }
}

/** @throws {ControlError} `CONTROL_READ_ONLY` */
function refuseMore(
  rights: Exclude<Rights, 'change'>,
  name: ControlName,
  question: ControlSet[ControlName]['question'],
): void {
  if (rightsFor(name, question) === rights) return;
  if (rights === 'own')
    throw new ControlError(
      'CONTROL_DENIED',
      'This socket is for users who change their own password, and for nothing else.',
      'Nothing was done. Ask at control_socket, as root or in the group of full rights (group in [control]).',
    );
  throw new ControlError(
    'CONTROL_READ_ONLY',
    `The operation ${name} changes something, and this socket is for questions only. Nothing was changed.`,
    'Ask somebody in the group of full rights (group in [control]), or root.',
  );
}

/** Anything else behind the request is no message of a command, and is left alone. */
function isCancel(line: string): boolean {
  return line === JSON.stringify(cancelLine);
}

/** Resolves when the socket takes more bytes, or is closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
