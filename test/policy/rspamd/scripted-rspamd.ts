// An rspamd whose answers a test decides, byte by byte, on loopback. It takes down what it was asked.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ServiceAddress } from '../../../src/io/dial-service.ts';

/** One question. */
export class RspamdQuestion {
  readonly socket: Socket;
  /** The line of the request, and the fields as they came, with names in lower case. */
  line = '';
  readonly fields: (readonly [string, string])[] = [];
  message = '';
  isWhole = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  all(name: string): readonly string[] {
    return this.fields.filter(([each]) => each === name).map(([, value]) => value);
  }

  field(name: string): string | undefined {
    return this.all(name)[0];
  }
}

/** When it says something. */
export type RspamdMoment = 'connect' | 'header' | 'body' | 'end';

export interface RspamdScript {
  /** Called once a question at each moment. The text is sent as it is; nothing when undefined. */
  readonly say?: (moment: RspamdMoment, question: RspamdQuestion) => string | undefined;
}

export function reply(json: unknown, more = ''): string {
  const body = typeof json === 'string' ? json : JSON.stringify(json);
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export const clean = { action: 'no action', score: 0.1, required_score: 15, symbols: {} };

export class ScriptedRspamd {
  readonly questions: RspamdQuestion[] = [];
  connections = 0;
  open = 0;
  readonly address: ServiceAddress;
  script: RspamdScript;
  #waiting: (() => void)[] = [];

  private constructor(port: number, script: RspamdScript) {
    this.address = { kind: 'tcp', host: '127.0.0.1', port };
    this.script = script;
  }

  static async start(t: TestContext, script: RspamdScript = {}): Promise<ScriptedRspamd> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      rspamd.#serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const rspamd = new ScriptedRspamd((server.address() as AddressInfo).port, script);
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return rspamd;
  }

  /** Resolves when something holds, which is looked at after all that happens here. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #serve(socket: Socket): void {
    let input = '';
    let question = new RspamdQuestion(socket);
    let said = new Set<RspamdMoment>();
    const say = (moment: RspamdMoment): void => {
      if (said.has(moment)) return;
      said.add(moment);
      const text =
        this.script.say === undefined
          ? moment === 'end'
            ? reply(clean)
            : undefined
          : this.script.say(moment, question);
      if (text !== undefined && !socket.destroyed) socket.write(text, 'latin1');
    };
    this.connections++;
    this.open++;
    say('connect');
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      input += text;
      if (question.line === '') {
        const end = input.indexOf('\r\n\r\n');
        if (end === -1) return;
        const [line = '', ...fields] = input.slice(0, end).split('\r\n');
        question.line = line;
        for (const each of fields) {
          const colon = each.indexOf(':');
          question.fields.push([each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()]);
        }
        this.questions.push(question);
        input = input.slice(end + 4);
        say('header');
      }
      const length = Number(question.field('content-length'));
      question.message = input.slice(0, length);
      if (input !== '') say('body');
      if (input.length >= length) {
        question.isWhole = true;
        say('end');
        input = input.slice(length);
        question = new RspamdQuestion(socket);
        said = new Set(['connect']);
      }
      this.#changed();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.open--;
      this.#changed();
    });
    this.#changed();
  }
}
