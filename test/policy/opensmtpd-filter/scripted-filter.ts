// A filter of OpenSMTPD whose answers a test decides: a small program that is started for real, and hands each line that it is told to the test, and
// each line of the test on to Sluice.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * Passes its standard input to a port of loopback, and what comes from there to its standard output. It ends when one of them does, with its group,
 * which is its own. A shell, since it starts in some milliseconds.
 */
const relay =
  'exec 3<>/dev/tcp/127.0.0.1/$0 4<&0; echo it begins >&2; { cat <&4 >&3; kill 0; } & cat <&3; kill 0';

export interface HeardLine {
  /** `config`, `report`, `filter`. */
  readonly stream: string;
  /** The event or the phase. */
  readonly what: string;
  readonly session: string;
  readonly token: string;
  /** All behind it. */
  readonly values: readonly string[];
}

/** One process of the filter. */
export class FilterTalk {
  readonly socket: Socket;
  /** As they came, without version and time: `report|link-connect|...`. */
  readonly lines: string[] = [];
  readonly heard: HeardLine[] = [];
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  say(...lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\n`).join(''), 'latin1');
  }

  result({ session, token }: Pick<HeardLine, 'session' | 'token'>, decision: string): void {
    this.say(`filter-result|${session}|${token}|${decision}`);
  }

  dataLine({ session, token }: Pick<HeardLine, 'session' | 'token'>, line: string): void {
    this.say(`filter-dataline|${session}|${token}|${line}`);
  }
}

export interface FilterScript {
  /** What it registers: `report|link-connect`, `filter|data`. All phases and events when not given. */
  readonly register?: readonly string[];
  /** In place of its registration. */
  readonly registration?: (talk: FilterTalk) => void;
  /** Answers a question; it proceeds, and gives lines back as they are, when not given. */
  readonly answer?: (line: HeardLine, talk: FilterTalk) => void;
}

const everything = [
  'report|*',
  ...[
    'connect',
    'helo',
    'ehlo',
    'starttls',
    'auth',
    'mail-from',
    'rcpt-to',
    'data',
    'data-line',
    'commit',
  ].map((phase) => `filter|${phase}`),
];

/** Goes on at each phase, and gives each line back. */
export function proceed(line: HeardLine, talk: FilterTalk): void {
  if (line.what === 'data-line') talk.dataLine(line, line.values.join('|'));
  else talk.result(line, 'proceed');
}

export class ScriptedFilter {
  readonly talks: FilterTalk[] = [];
  readonly command: readonly string[];
  script: FilterScript;
  #waiting: (() => void)[] = [];

  private constructor(port: number, script: FilterScript) {
    this.command = ['/bin/bash', '-c', relay, String(port)];
    this.script = script;
  }

  static async start(t: TestContext, script: FilterScript = {}): Promise<ScriptedFilter> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      filter.#serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const filter = new ScriptedFilter((server.address() as AddressInfo).port, script);
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return filter;
  }

  /** The last process. */
  get talk(): FilterTalk {
    const last = this.talks.at(-1);
    if (last === undefined) throw new Error('no process was started yet');
    return last;
  }

  /** Resolves when something holds, which is looked at after each line and each end of a process. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0, Infinity)) resolve();
  }

  #serve(socket: Socket): void {
    const talk = new FilterTalk(socket);
    this.talks.push(talk);
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      const lines = (text + bytes.toString('latin1')).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#take(talk, line);
      this.#changed();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      talk.hasEnded = true;
      this.#changed();
    });
  }

  #take(talk: FilterTalk, line: string): void {
    const [stream = '', ...rest] = line.split('|');
    if (stream === 'config') {
      talk.lines.push(line);
      if (rest[0] !== 'ready') return;
      const { register = everything, registration } = this.script;
      if (registration === undefined)
        talk.say(...register.map((each) => `register|${each.replace('|', '|smtp-in|')}`), 'register|ready');
      else registration(talk);
      return;
    }
    const [, , , what = '', session = '', ...more] = rest;
    const [token = '', ...values] = stream === 'filter' ? more : ['', ...more];
    const heard = { stream, what, session, token, values };
    talk.heard.push(heard);
    talk.lines.push([stream, what, ...values].join('|'));
    if (stream === 'filter') (this.script.answer ?? proceed)(heard, talk);
  }
}
