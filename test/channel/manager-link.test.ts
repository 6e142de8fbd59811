// The link of a role to the manager: messages posted to a manager that ended reach the next one, once and in order.

import assert from 'node:assert/strict';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { listenManagerSocket } from '../../src/channel/manager-socket.ts';
import { channelWindow } from '../../src/channel/channel.ts';
import { managerAt, ManagerLink } from '../../src/channel/manager-link.ts';
import { SocketChannel } from '../../src/channel/socket-channel.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

const hello = { kind: 'hello', role: 'receiver', index: 3, serial: 7 } as const;

/** A manager that takes all messages until it dies. */
class FakeManager {
  readonly taken: unknown[] = [];
  channel: SocketChannel<string, unknown> | undefined;
  readonly #server: Server;
  readonly #sockets: Socket[];
  #wake: () => void = () => undefined;

  private constructor(server: Server, sockets: Socket[]) {
    this.#server = server;
    this.#sockets = sockets;
  }

  /** @param deaf - it never takes anything */
  static async start(path: string, deaf = false): Promise<FakeManager> {
    const sockets: Socket[] = [];
    const server = await listenManagerSocket(path, (socket) => {
      sockets.push(socket);
      if (deaf) {
        socket.on('error', () => undefined);
        manager.#wake();
        return;
      }
      manager.channel = new SocketChannel<string, unknown>(socket);
      manager.channel.receive((batch) => {
        manager.taken.push(...batch);
        manager.#wake();
      });
    });
    const manager = new FakeManager(server, sockets);
    return manager;
  }

  async until(what: () => boolean): Promise<void> {
    while (!what()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get links(): number {
    return this.#sockets.length;
  }

  die(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

interface SpoolFolder extends TemporaryFolder {
  readonly bus: string;
}

function spoolFolder(t: TestContext): SpoolFolder {
  const folder = temporaryFolder(t, 'link');
  return { ...folder, bus: join(folder.path, 'bus.sock') };
}

function link({ bus: path, atEnd }: SpoolFolder, repeat: boolean) {
  const taken: string[] = [];
  const lost: (() => void)[] = [];
  let losses = 0;
  const made = new ManagerLink<string, string>({
    connect: managerAt(path),
    hello: () => hello,
    repeat,
    take: (batch) => taken.push(...batch),
    lost: () => {
      losses++;
      for (const callback of lost.splice(0)) callback();
    },
  });
  atEnd(() => made.close());
  return {
    link: made,
    taken,
    get losses() {
      return losses;
    },
    nextLoss: () =>
      new Promise<void>((resolve) => {
        lost.push(resolve);
      }),
  };
}

test('messages that were posted and not taken are posted again to the next manager, in order', async (t) => {
  const spool = spoolFolder(t);
  const deaf = await FakeManager.start(spool.bus, true);
  const receiver = link(spool, true);
  receiver.link.post('before the link');
  await receiver.link.open();
  receiver.link.post('to the first');
  await deaf.until(() => deaf.links === 1);
  const lost = receiver.nextLoss();
  deaf.die();
  await lost;
  receiver.link.post('while there is none');
  const second = await FakeManager.start(spool.bus);
  await second.until(() => second.taken.length >= 4);
  receiver.link.post('to the second');
  await second.until(() => second.taken.length >= 5);
  assert.deepEqual(second.taken, [
    hello,
    'before the link',
    'to the first',
    'while there is none',
    'to the second',
  ]);
  second.die();
});

test('messages that a manager has confirmed are not posted again', async (t) => {
  const spool = spoolFolder(t);
  const first = await FakeManager.start(spool.bus);
  const receiver = link(spool, true);
  await receiver.link.open();
  const count = channelWindow;
  for (let i = 0; i < count; i++) receiver.link.post(String(i));
  await first.until(() => first.taken.length === count + 1);
  // The manager's answer arrives after its confirmations.
  const answered = Promise.withResolvers<void>();
  first.channel?.post('answer');
  const poll = () => (receiver.taken.length > 0 ? answered.resolve() : void setImmediate(poll));
  poll();
  await answered.promise;
  const lost = receiver.nextLoss();
  first.die();
  await lost;
  const second = await FakeManager.start(spool.bus);
  receiver.link.post('last');
  await second.until(() => second.taken.at(-1) === 'last');
  const [greeting, ...repeated] = second.taken;
  assert.deepEqual(greeting, hello);
  assert.ok(repeated.length <= channelWindow / 4 + 2, `${repeated.length} were posted again`);
  const from = count - (repeated.length - 1);
  assert.deepEqual(repeated, [
    ...Array.from({ length: repeated.length - 1 }, (_, i) => String(from + i)),
    'last',
  ]);
  second.die();
});

test('without a manager a link is congested once it holds a window, and drains with the next manager', async (t) => {
  const spool = spoolFolder(t);
  const first = await FakeManager.start(spool.bus, true);
  const receiver = link(spool, true);
  await receiver.link.open();
  await first.until(() => first.links === 1);
  const lost = receiver.nextLoss();
  first.die();
  await lost;
  for (let i = 0; i < channelWindow; i++) receiver.link.post(String(i));
  assert.equal(receiver.link.congested, false);
  receiver.link.post('one more');
  assert.equal(receiver.link.congested, true);
  const drained = Promise.withResolvers<void>();
  receiver.link.whenDrained(drained.resolve);
  const second = await FakeManager.start(spool.bus);
  await drained.promise;
  assert.equal(receiver.link.congested, false);
  await second.until(() => second.taken.length === channelWindow + 2);
  second.die();
});

test('a link that repeats nothing calls `lost` for a message that is posted without a manager', async (t) => {
  const spool = spoolFolder(t);
  const first = await FakeManager.start(spool.bus);
  const control = link(spool, false);
  await control.link.open();
  await first.until(() => first.taken.length === 1);
  const lost = control.nextLoss();
  first.die();
  await lost;
  assert.equal(control.losses, 1);
  const lostAgain = control.nextLoss();
  control.link.post('nobody is there');
  assert.equal(control.losses, 1, 'not before the caller has gone on');
  await lostAgain;
  const second = await FakeManager.start(spool.bus);
  await second.until(() => second.taken.length === 1);
  control.link.post('hello again');
  await second.until(() => second.taken.length === 2);
  assert.deepEqual(second.taken, [hello, 'hello again']);
  second.die();
});

test('a link that is closed while it connects says nothing to the manager', async (t) => {
  const spool = spoolFolder(t);
  const manager = await FakeManager.start(spool.bus);
  spool.atEnd(() => manager.die());
  const closed = link(spool, true);
  const opened = closed.link.open();
  closed.link.close();
  await opened;
  const other = link(spool, false);
  await other.link.open();
  other.link.post('from the other');
  await manager.until(() => manager.taken.includes('from the other'));
  assert.deepEqual(manager.taken, [hello, 'from the other']);
});

test('those who wait for a link are called when the next manager was told the hello, or the link is closed', async (t) => {
  const spool = spoolFolder(t);
  const first = await FakeManager.start(spool.bus);
  const { link: waiting } = link(spool, false);
  const order: string[] = [];
  waiting.whenLinked(() => order.push('linked'));
  assert.equal(order.length, 0);
  await waiting.open();
  waiting.whenLinked(() => order.push('linked already'));
  assert.deepEqual(order, ['linked', 'linked already']);
  await first.until(() => first.taken.length > 0);
  assert.deepEqual(first.taken, [hello]);
  first.die();

  const { link: alone } = link(spoolFolder(t), false);
  const opened = alone.open();
  alone.whenLinked(() => order.push('closed'));
  alone.close();
  await opened;
  assert.equal(order.at(-1), 'closed');
});

test('closing a link ends its attempts to connect, and calls back those who wait for it to drain', async (t) => {
  const receiver = link(spoolFolder(t), true);
  const opened = receiver.link.open();
  for (let i = 0; i <= channelWindow; i++) receiver.link.post(String(i));
  const drained = Promise.withResolvers<void>();
  receiver.link.whenDrained(drained.resolve);
  receiver.link.close();
  await drained.promise;
  await opened;
  assert.equal(receiver.losses, 0);
});
