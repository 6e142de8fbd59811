// A policy server whose answers a test decides, on loopback. It takes down each question that it gets.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ServiceAddress } from '../../../src/io/dial-service.ts';

/** One connection. */
export class PolicyTalk {
  /** The attributes of each question. */
  readonly questions: Map<string, string>[] = [];
  readonly socket: Socket;
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}

/** What is sent for a question, byte by byte; an action alone is a whole answer. Nothing is sent for undefined. */
export type PolicyScript = (
  question: ReadonlyMap<string, string>,
  talk: PolicyTalk,
) => string | Buffer | undefined | Promise<string | undefined>;

/** An answer with one action. */
export function action(text: string): string {
  return `action=${text}\n\n`;
}

export class ScriptedPolicyServer {
  readonly talks: PolicyTalk[] = [];
  readonly address: ServiceAddress;
  script: PolicyScript;
  #waiting: (() => void)[] = [];

  private constructor(address: ServiceAddress, script: PolicyScript) {
    this.address = address;
    this.script = script;
  }

  /** @param path - of a Unix-domain socket; a port of loopback when not given */
  static async start(
    t: TestContext,
    script: PolicyScript = () => action('DUNNO'),
    path?: string,
  ): Promise<ScriptedPolicyServer> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      policyServer.#serve(socket);
    });
    if (path === undefined) server.listen(0, '127.0.0.1');
    else server.listen(path);
    await once(server, 'listening');
    const address: ServiceAddress =
      path === undefined
        ? { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
        : { kind: 'unix', path };
    const policyServer = new ScriptedPolicyServer(address, script);
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return policyServer;
  }

  /** Of all connections, in the order in which they came. */
  get questions(): readonly Map<string, string>[] {
    return this.talks.flatMap(({ questions }) => questions);
  }

  /** The points at which it was asked. */
  get states(): readonly (string | undefined)[] {
    return this.questions.map((question) => question.get('protocol_state'));
  }

  /** Resolves when something holds, which is looked at when a question comes and at each end of a connection. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0, Infinity)) resolve();
  }

  #serve(socket: Socket): void {
    const talk = new PolicyTalk(socket);
    this.talks.push(talk);
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const pairs = lines.map((line): [string, string] => {
          const equals = line.indexOf('=');
          return [line.slice(0, equals), line.slice(equals + 1)];
        });
        const question = new Map(pairs);
        talk.questions.push(question);
        const answered = Promise.resolve(this.script(question, talk));
        void answered.then((answer) => {
          if (answer !== undefined) socket.write(answer);
        });
        this.#changed();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      talk.hasEnded = true;
      this.#changed();
    });
  }
}
