// The control socket: a Unix-domain socket that only this user may open, one request a connection, one JSON object a line.

import { createServer, type Server, type Socket } from 'node:net';
import { SluiceError } from '../errors/sluice-error.ts';
import { listenUnix } from '../io/unix-listener.ts';
import type { ControlReply, ControlRequest, Reloaded, ReloadQuestion } from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import { parseRequest } from './control-request.ts';
import type { ClockSource, OperatorSource } from './operator-source.ts';
import type { QueueQuery } from './queue-query.ts';
import type { StatusDesk } from './status-desk.ts';

/** Reads the configuration again; rejects when it is refused, or when the question names another file than Sluice reads. */
export type Reload = (question: ReloadQuestion) => Promise<Reloaded>;

/** The longest line that is accepted as a request. */
const maxRequestBytes = 16 * 1024 * 1024;

/** A connection is closed when its request is not complete within this time: a silent program would hold it forever. */
const requestTimeoutMs = 60_000;

/** How often a sign of life is sent while the answer takes longer. */
const signOfLifeMs = 1_000;

export class ControlServer {
  readonly #query: QueueQuery;
  readonly #source: OperatorSource & ClockSource;
  readonly #status: StatusDesk;
  readonly #reload: Reload;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(query: QueueQuery, source: OperatorSource & ClockSource, status: StatusDesk, reload: Reload) {
    this.#query = query;
    this.#source = source;
    this.#status = status;
    this.#reload = reload;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /** @throws {ControlError} `CONTROL_SOCKET` when the socket cannot be made. */
  async listen(path: string): Promise<void> {
    try {
      await listenUnix(this.#server, path, 0o600);
    } catch (error) {
      throw new ControlError(
        'CONTROL_SOCKET',
        `Making the control socket ${path}: ${error instanceof Error ? error.message : String(error)}.`,
        'Set control_socket to a path of at most 100 bytes of its own, in a folder that Sluice may write.',
      );
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    let pieces: string[] = [];
    let length = 0;
    const timer = setTimeout(() => socket.destroy(), requestTimeoutMs).unref();
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    socket.on('data', (piece: string) => {
      // Only the new piece is searched: a long line costs no more than its length.
      const end = piece.indexOf('\n');
      pieces.push(end === -1 ? piece : piece.slice(0, end));
      length += piece.length;
      if (end !== -1) {
        clearTimeout(timer);
        const line = pieces.join('');
        pieces = [];
        length = 0;
        void this.#answer(socket, line);
      } else if (length > maxRequestBytes) {
        socket.destroy();
      }
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const send = (reply: ControlReply) => socket.write(`${JSON.stringify(reply)}\n`);
    const timer = setInterval(() => {
      // A client that does not read needs no sign of life.
      if (!socket.writableNeedDrain) send({ kind: 'working' });
    }, signOfLifeMs);
    try {
      const result = await this.#perform(parseRequest(line), send, socket);
      send({ kind: 'end', result });
    } catch (error) {
      send(errorReply(error));
    } finally {
      clearInterval(timer);
    }
    socket.end();
  }

  async #perform(
    request: ControlRequest,
    send: (reply: ControlReply) => boolean,
    socket: Socket,
  ): Promise<unknown> {
    switch (request.operation) {
      case 'status': {
        const { operation: _, ...question } = request;
        return this.#status.answer(question);
      }
      case 'reload':
        return this.#reload({ file: request.file });
      case 'queue-list':
        for await (const rows of this.#query.list(request.filter, request.limit, request.located)) {
          if (socket.destroyed) break;
          if (!send({ kind: 'rows', rows })) await drained(socket);
        }
        return null;
      case 'queue-change':
        return this.#query.change(request.action, request.filter);
      case 'explain': {
        const { operation: _, ...question } = request;
        return this.#source.explain(question);
      }
      case 'limits':
        return this.#source.limits({ most: request.most });
      case 'override.list':
        return this.#source.overrides();
      case 'override.set': {
        const { operation: _, ...change } = request;
        return this.#source.setOverrides(change);
      }
      case 'override.unset':
        return this.#source.unsetOverrides({ kind: request.kind, targets: request.targets });
      case 'clock.confirm':
        return this.#source.confirmClock();
      default:
        return request satisfies never;
    }
  }
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

function errorReply(error: unknown): ControlReply {
  if (error instanceof SluiceError) {
    return { kind: 'error', code: error.code, message: error.message, advice: error.advice };
  }
  return {
    kind: 'error',
    code: 'CONTROL_FAILED',
    message: error instanceof Error ? error.message : String(error),
    advice: '',
  };
}
