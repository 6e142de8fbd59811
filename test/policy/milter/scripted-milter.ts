// A milter whose answers a test decides, on loopback. It takes down each packet that it gets.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { PacketReader } from '../../../src/protocol/milter/packet-reader.ts';
import type { ServiceAddress } from '../../../src/io/dial-service.ts';

/** What a milter sends: packets, ready to be written. */
export type Answers = readonly Buffer[];

export function packet(letter: string, ...payload: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    payload.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length + 1, 0);
  head.write(letter, 4, 'latin1');
  return Buffer.concat([head, body]);
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}

export const goOnPacket = packet('c');

export interface MilterScript {
  readonly version?: number;
  readonly actions?: number;
  readonly steps?: number;
  /** Lists of macros, as the packet has them. */
  readonly lists?: Buffer;
  /** What is sent in place of the answer to the negotiation. */
  readonly negotiation?: Answers;
  /** The answer to a packet other than O, D, A, Q and K. Nothing is answered when it is undefined. */
  readonly answer?: (heard: Heard, talk: MilterTalk) => Answers | undefined | Promise<Answers | undefined>;
}

export interface Heard {
  readonly letter: string;
  readonly payload: Buffer;
  /** The strings of the payload. */
  readonly texts: readonly string[];
}

/** One connection. */
export class MilterTalk {
  readonly heard: Heard[] = [];
  readonly socket: Socket;
  /** Of each command letter, the last set. */
  readonly macros = new Map<string, Map<string, string>>();
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** As lines: the letter, and the strings of the payload. */
  get lines(): string[] {
    return this.heard.map(({ letter, texts }) => [letter, ...texts].join(' '));
  }

  /** A macro at any command so far; the latest one. */
  macro(name: string): string | undefined {
    return [...this.macros.values()].findLast((set) => set.has(name))?.get(name);
  }

  /** The arguments of the last such command. */
  last(letter: string): readonly string[] {
    return this.heard.findLast((each) => each.letter === letter)?.texts ?? [];
  }
}

export class ScriptedMilter {
  readonly talks: MilterTalk[] = [];
  readonly address: ServiceAddress;
  readonly port: number;
  script: MilterScript;
  #waiting: (() => void)[] = [];

  private constructor(port: number, script: MilterScript) {
    this.port = port;
    this.address = { kind: 'tcp', host: '127.0.0.1', port };
    this.script = script;
  }

  static async start(t: TestContext, script: MilterScript = {}): Promise<ScriptedMilter> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => sockets.delete(socket));
      milter.#serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const milter = new ScriptedMilter((server.address() as AddressInfo).port, script);
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return milter;
  }

  /** Of the first connection. */
  get lines(): string[] {
    return this.talks[0]?.lines ?? [];
  }

  /** Resolves when something holds, which is looked at after each packet and each end of a connection. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0, Infinity)) resolve();
  }

  #serve(socket: Socket): void {
    const talk = new MilterTalk(socket);
    this.talks.push(talk);
    const reader = new PacketReader();
    let last: Promise<void> = Promise.resolve();
    socket.on('data', (bytes: Buffer) => {
      reader.push(bytes);
      for (let next = reader.next(); typeof next === 'object'; next = reader.next()) {
        const { letter, payload } = next;
        last = last.then(() => this.#take(talk, { letter, payload, texts: textsOf(letter, payload) }));
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      talk.hasEnded = true;
      this.#changed();
    });
  }

  async #take(talk: MilterTalk, heard: Heard): Promise<void> {
    talk.heard.push(heard);
    const answers = await this.#answersTo(talk, heard);
    for (const answer of answers ?? []) talk.socket.write(answer);
    this.#changed();
  }

  #answersTo(talk: MilterTalk, heard: Heard): Answers | undefined | Promise<Answers | undefined> {
    const { version = 6, actions = 0x1ff, steps = 0, lists = Buffer.alloc(0), negotiation } = this.script;
    switch (heard.letter) {
      case 'O':
        return negotiation ?? [packet('O', number(version), number(actions), number(steps), lists)];
      case 'D': {
        const [command = '', ...pairs] = heard.texts;
        const set = new Map<string, string>();
        for (let at = 0; at + 1 < pairs.length; at += 2) set.set(pairs[at] ?? '', pairs[at + 1] ?? '');
        talk.macros.delete(command);
        talk.macros.set(command, set);
        return undefined;
      }
      case 'A':
      case 'Q':
      case 'K':
        return undefined;
      default:
        return this.script.answer === undefined ? [goOnPacket] : this.script.answer(heard, talk);
    }
  }
}

function textsOf(letter: string, payload: Buffer): string[] {
  const text = payload.toString('latin1');
  switch (letter) {
    case 'D':
      return [text.slice(0, 1), ...text.slice(1).split('\0').slice(0, -1)];
    case 'C': {
      const end = text.indexOf('\0');
      const [address = ''] = text.slice(end + 4).split('\0');
      return [text.slice(0, end), text.slice(end + 1, end + 2), address];
    }
    case 'O':
      return [payload.toString('hex')];
    case 'B':
      return [text];
    default:
      return text === '' ? [] : text.split('\0').slice(0, -1);
  }
}
