// A destination that takes mail and holds back the reply to its content until it is told, and counts the connections that
// are open.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Ground } from '../../sim/neighbours/ground.ts';

export class HoldingServer {
  readonly port: number;
  /** The most connections that were open at once. */
  most = 0;
  /** Messages whose content has come. */
  messages = 0;
  readonly #open: Set<Socket>;
  readonly #held: Socket[] = [];
  #holds = true;
  #wake: () => void = () => undefined;

  private constructor(port: number, open: Set<Socket>) {
    this.port = port;
    this.#open = open;
  }

  static async start(ground: Ground): Promise<HoldingServer> {
    const open = new Set<Socket>();
    const server = createServer((socket) => holding.#connected(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const holding = new HoldingServer((server.address() as AddressInfo).port, open);
    ground.atEnd(() => {
      server.close();
      for (const socket of open) socket.destroy();
    });
    return holding;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Answers what is held, and from now on everything at once. */
  release(): void {
    this.#holds = false;
    for (const socket of this.#held.splice(0)) socket.write('250 2.0.0 taken\r\n');
  }

  /** Resolves when the condition holds; it is checked after each event of this server. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #connected(socket: Socket): void {
    this.#open.add(socket);
    this.most = Math.max(this.most, this.#open.size);
    let text = '';
    let isContent = false;
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#wake();
    });
    socket.write('220 holding.test ESMTP\r\n');
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      for (;;) {
        const end = isContent ? '\r\n.\r\n' : '\r\n';
        const at = text.indexOf(end);
        if (at === -1) return;
        const line = text.slice(0, at);
        text = text.slice(at + end.length);
        if (isContent) {
          isContent = false;
          this.#content(socket);
        } else if (/^DATA/iu.test(line)) {
          isContent = true;
          socket.write('354 go on\r\n');
        } else if (/^QUIT/iu.test(line)) {
          socket.end('221 bye\r\n');
        } else {
          socket.write('250 ok\r\n');
        }
      }
    });
    this.#wake();
  }

  #content(socket: Socket): void {
    this.messages++;
    if (this.#holds) this.#held.push(socket);
    else socket.write('250 2.0.0 taken\r\n');
    this.#wake();
  }
}
