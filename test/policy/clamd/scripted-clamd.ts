// A clamd whose answers a test decides, on loopback. It reads the stream as clamd does, and takes down what came.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ServiceAddress } from '../../../src/io/dial-service.ts';

/** One connection. */
export class ClamdTalk {
  readonly socket: Socket;
  command = '';
  chunks: Buffer[] = [];
  /** Did the chunk without bytes come? */
  isWhole = false;
  hasEnded = false;
  #input: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
  }

  get message(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  /** @throws {Error} when it is no stream of chunks */
  receive(bytes: Buffer): void {
    this.#input = Buffer.concat([this.#input, bytes]);
    if (this.command === '') {
      const end = this.#input.indexOf(0);
      if (end === -1) return;
      this.command = this.#input.toString('latin1', 0, end);
      this.#input = this.#input.subarray(end + 1);
    }
    while (this.#input.length >= 4) {
      if (this.isWhole) throw new Error('bytes after the end');
      const length = this.#input.readUInt32BE(0);
      if (this.#input.length < 4 + length) return;
      if (length === 0) this.isWhole = true;
      else this.chunks.push(this.#input.subarray(4, 4 + length));
      this.#input = this.#input.subarray(4 + length);
    }
  }
}

/** When it says something. */
export type ClamdMoment = 'connect' | 'command' | 'chunk' | 'end';

export interface ClamdScript {
  /** Called once at each moment. The text is sent as it is; nothing when undefined. */
  readonly say?: (moment: ClamdMoment, talk: ClamdTalk) => string | undefined;
}

export class ScriptedClamd {
  readonly talks: ClamdTalk[] = [];
  readonly address: ServiceAddress;
  script: ClamdScript;
  #waiting: (() => void)[] = [];

  private constructor(port: number, script: ClamdScript) {
    this.address = { kind: 'tcp', host: '127.0.0.1', port };
    this.script = script;
  }

  static async start(t: TestContext, script: ClamdScript = {}): Promise<ScriptedClamd> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      clamd.#serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const clamd = new ScriptedClamd((server.address() as AddressInfo).port, script);
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return clamd;
  }

  /** Resolves when something holds, which is looked at after all that happens here. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #serve(socket: Socket): void {
    const talk = new ClamdTalk(socket);
    const said = new Set<ClamdMoment>();
    const say = (moment: ClamdMoment): void => {
      if (said.has(moment)) return;
      said.add(moment);
      const text =
        this.script.say === undefined
          ? moment === 'end'
            ? 'stream: OK\0'
            : undefined
          : this.script.say(moment, talk);
      if (text !== undefined && !socket.destroyed) socket.write(text, 'latin1');
    };
    this.talks.push(talk);
    say('connect');
    socket.on('data', (bytes: Buffer) => {
      talk.receive(bytes);
      if (talk.command !== '') say('command');
      if (talk.chunks.length > 0) say('chunk');
      if (talk.isWhole) say('end');
      this.#changed();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      talk.hasEnded = true;
      this.#changed();
    });
    this.#changed();
  }
}
