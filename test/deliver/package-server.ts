// A server for QMQP or QMTP that answers by itself, or as a test says. What it says about a recipient by QMTP is told by the recipient's local
// part: `unknown` is refused, `full` is refused for now, everyone else gets the mail.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { SocketEndpoint } from '../../src/values/hop-endpoint.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { cert, key } from './certificate.ts';

export interface TakenPackage {
  /** As it came, with what says how lines end. */
  readonly content: string;
  readonly from: string;
  readonly to: readonly string[];
}

export interface PackageServer {
  readonly endpoint: SocketEndpoint;
  /** Whole messages. */
  readonly taken: readonly TakenPackage[];
  readonly connections: number;
  /** The next connection, once it is there. */
  accept(): Promise<Socket>;
}

interface Rest {
  text: string;
}

/** Takes a netstring from the beginning of a text; undefined when it is not there yet. */
function takeNetstring(rest: Rest): string | undefined {
  const head = /^(\d+):/.exec(rest.text);
  if (head === null) return undefined;
  const start = head[0].length;
  const end = start + Number(head[1]);
  if (rest.text.length <= end) return undefined;
  if (rest.text[end] !== ',') throw new Error('the client has written no netstring');
  const content = rest.text.slice(start, end);
  rest.text = rest.text.slice(end + 1);
  return content;
}

function allNetstrings(text: string): string[] {
  const rest = { text };
  const found: string[] = [];
  for (let next = takeNetstring(rest); next !== undefined; next = takeNetstring(rest)) found.push(next);
  if (rest.text !== '') throw new Error('the client has left a rest');
  return found;
}

/** Takes a whole message from the beginning of a text. */
function takePackage(protocol: 'qmqp' | 'qmtp', rest: Rest): TakenPackage | undefined {
  if (protocol === 'qmqp') {
    const whole = takeNetstring(rest);
    if (whole === undefined) return undefined;
    const [content = '', from = '', ...to] = allNetstrings(whole);
    return { content, from, to };
  }
  const inner = { text: rest.text };
  const content = takeNetstring(inner);
  const from = content === undefined ? undefined : takeNetstring(inner);
  const to = from === undefined ? undefined : takeNetstring(inner);
  if (content === undefined || from === undefined || to === undefined) return undefined;
  rest.text = inner.text;
  return { content, from, to: allNetstrings(to) };
}

function usualAnswer(protocol: 'qmqp' | 'qmtp', { to }: TakenPackage): string {
  if (protocol === 'qmqp') return '3:Kok,';
  return to
    .map((each) => {
      if (each.startsWith('unknown')) return '13:D5.1.1 nobody,';
      return each.startsWith('full') ? '11:Z4.2.2 full,' : '3:Kok,';
    })
    .join('');
}

/** @param options.answer - what is said to a whole message, in place of the usual; nothing for undefined */
export async function startPackageServer(
  t: TestContext,
  protocol: 'qmqp' | 'qmtp',
  options: {
    readonly at?: 'tcp' | 'unix';
    readonly isTls?: boolean;
    readonly answer?: (message: TakenPackage, socket: Socket) => string | undefined;
  } = {},
): Promise<PackageServer> {
  const taken: TakenPackage[] = [];
  const sockets = new Set<Socket>();
  const waiting: Socket[] = [];
  const asking: ((socket: Socket) => void)[] = [];
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    const asked = asking.shift();
    if (asked === undefined) waiting.push(socket);
    else asked(socket);
    const rest = { text: '' };
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      rest.text += text;
      for (;;) {
        const message = takePackage(protocol, rest);
        if (message === undefined) return;
        taken.push(message);
        const said =
          options.answer === undefined ? usualAnswer(protocol, message) : options.answer(message, socket);
        if (said !== undefined) socket.write(said, 'latin1');
        if (protocol === 'qmqp' && said !== undefined) socket.end();
      }
    });
  };
  const server = options.isTls === true ? createTlsServer({ key, cert }, serve) : createServer(serve);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  const facts = {
    taken,
    get connections() {
      return sockets.size;
    },
    accept: () =>
      new Promise<Socket>((resolve) => {
        const socket = waiting.shift();
        if (socket === undefined) asking.push(resolve);
        else resolve(socket);
      }),
  };
  if (options.at === 'unix') {
    const folder = temporaryFolder(t, 'package-server');
    const path = join(folder.path, 'socket');
    server.listen(path);
    await once(server, 'listening');
    folder.atEnd(close);
    return Object.assign(facts, { endpoint: { kind: 'unix', path } as const });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(close);
  const { port } = server.address() as AddressInfo;
  return Object.assign(facts, { endpoint: { kind: 'tcp', ip: '127.0.0.1', port } as const });
}
