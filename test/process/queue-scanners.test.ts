// Scanners of queues, with Sluice as a program: one that hangs holds mail of its own queue alone.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

/** What a scanner is asked on, and what never answers: it is held until the test ends it. */
class Held {
  readonly port: number;
  readonly #asked: Set<Socket>;

  private constructor(port: number, asked: Set<Socket>) {
    this.port = port;
    this.#asked = asked;
  }

  static async start(ground: Ground): Promise<Held> {
    const asked = new Set<Socket>();
    const server = createServer((socket) => {
      asked.add(socket);
      socket.on('error', () => undefined).on('close', () => asked.delete(socket));
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const held = new Held((server.address() as AddressInfo).port, asked);
    ground.atEnd(() => {
      server.close();
      held.end();
    });
    return held;
  }

  get count(): number {
    return this.#asked.size;
  }

  end(): void {
    for (const socket of this.#asked) socket.destroy();
  }
}

/** Asks a server of its own about the content. */
const plugin = (port: number): string => `import { once } from 'node:events';
import { connect } from 'node:net';
import { goOn, plugin } from 'sluice/plugin';
export default plugin(() => ({
  content: async () => {
    const socket = connect(${port}, '127.0.0.1');
    await once(socket, 'close');
    return goOn;
  },
}));
`;

const stageOf: Readonly<Record<string, (port: number) => Readonly<Record<string, string | number>>>> = {
  plugin: () => ({ kind: 'plugin', file: 'scanner.ts', time_limit: '10m' }),
  milter: (port) => ({
    kind: 'milter',
    address: `inet:${port}@127.0.0.1`,
    time_limit: '10m',
    connect_timeout: '10m',
  }),
  clamd: (port) => ({ kind: 'clamd', address: `inet:${port}@127.0.0.1`, time_limit: '10m' }),
};

for (const [kind, keys] of Object.entries(stageOf))
  test(`a ${kind} of one queue that hangs holds up no mail of another`, async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const scanner = await Held.start(ground);
    const directory = ground.folder('sluice');
    writeFileSync(join(directory, 'scanner.ts'), plugin(scanner.port));
    const config = {
      ...ownProcesses,
      queues: { shop: {}, bank: {} },
      assignment: [
        { queue: 'shop', domain: ['shop.test'] },
        { queue: 'bank', domain: ['bank.test'] },
      ],
      stage: [{ name: 'scanner', queue: 'shop', ...keys(scanner.port) }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    };
    const sluice = await startSluice(ground, { config, directory });
    const mailTo = (to: string): Promise<string[]> =>
      send(sluice.port, { from: 'a@a.test', to: [to], content: 'Subject: x\r\n\r\nHello\r\n' });
    let shopReplies: string[] | undefined;
    const ofShop = mailTo('x@shop.test').then((replies) => (shopReplies = replies));
    await until('the scanner of the shop is asked', () => scanner.count > 0);
    for (const to of ['y@bank.test', 'z@elsewhere.test'])
      assert.match((await mailTo(to)).at(-1) ?? '', /^250/u);
    await until('mail of the others is delivered', () => mx.messages.length === 2);
    assert.equal(scanner.count, 1, 'it was asked once, and holds its question');
    assert.equal(shopReplies, undefined);
    const told = await sluice.cli(
      'explain',
      '--client',
      '127.0.0.1',
      '--from',
      'a@a.test',
      '--to',
      'y@bank.test',
    );
    assert.match(told, /^scanner +it is for the queue shop$/mu);
    scanner.end();
    // A plugin goes on then, and the others have failed: a milter at RCPT.
    const expected = kind === 'plugin' ? /^250 2\.0\.0 queued/u : /^451 4\.3\./u;
    assert.ok(
      (await ofShop).some((reply) => expected.test(reply)),
      'the client of the shop is answered',
    );
  });
