// Ports of a receiver that is not root: it asks the supervisor for a socket that is bound, and listens on it.

import type { Server } from 'node:net';
import type { AskedPort, PortAnswer } from '../../channel/messages.ts';
import { backlog, type Bind, listenError } from '../../receive/bind.ts';

export class AskedPorts {
  readonly #ask: (question: AskedPort) => void;
  readonly #waiting = new Map<number, (answer: PortAnswer, socket: unknown) => void>();
  #lastId = 0;

  constructor(ask: (question: AskedPort) => void) {
    this.#ask = ask;
  }

  readonly bind: Bind = (server, address) =>
    new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const failed = (error: NodeJS.ErrnoException): void => reject(listenError(address, error));
      this.#waiting.set(id, ({ code, reason = '' }, socket) => {
        if (code !== undefined) {
          failed(Object.assign(new Error(reason), { code }));
          return;
        }
        listen(server, socket, failed, resolve);
      });
      const { host, port } = address;
      this.#ask({ kind: 'askPort', id, host, port });
    });

  /** @param socket - came with the answer */
  answered(answer: PortAnswer, socket: unknown): void {
    this.#waiting.get(answer.id)?.(answer, socket);
    this.#waiting.delete(answer.id);
  }
}

function listen(server: Server, socket: unknown, failed: (error: Error) => void, done: () => void): void {
  server.once('error', failed);
  server.listen(socket, backlog, () => {
    server.off('error', failed);
    done();
  });
}
