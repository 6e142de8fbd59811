// A reload, or senders that come and go, change how many connections there may be: the manager grants what can be carried,
// no more and no less, on the way up and on the way down.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import { delivered, ground, plain, type Ground, type SenderAtHand } from './assembled.ts';

interface Wanted {
  /** deliver.max_connections. */
  readonly connections: number;
  readonly senders?: number;
}

function config({ connections, senders = 1 }: Wanted): string {
  return `${plain}
[deliver]
max_connections = ${connections}
max_unanswered = 0
[processes]
senders = ${senders}
[[limit]]
per = "domain"
connections = "unlimited"
`;
}

/** Mail for more places than anybody may open connections to. */
async function crowd(t: TestContext, wanted: Wanted, openFiles = 10_000): Promise<Ground> {
  const made = await ground(t, { config: config(wanted) });
  made.system.openFiles = openFiles;
  await made.reload(config(wanted));
  for (let at = 0; at < 200; at++) await made.submit(`u@d${at}.test`);
  return made;
}

/** Connections that a sender was told to open, without those that it closed. */
class Open {
  readonly #sender: SenderAtHand;
  #closed = 0;

  constructor(sender: SenderAtHand) {
    this.#sender = sender;
  }

  get count(): number {
    return this.#sender.all('connect').length - this.#closed;
  }

  /** Delivers over the oldest connections that are open, which close then. */
  async finish(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const { connection } = this.#sender.all('connect')[this.#closed]!;
      this.#closed++;
      await this.#sender.done(connection, [delivered(0)], false);
      await this.#sender.closed(connection);
    }
  }
}

test('more connections after a reload are opened at once; with fewer allowed, surplus ones close over time', async (t) => {
  const { sender, reload } = await crowd(t, { connections: 5 });
  const open = new Open(await sender(1));
  assert.equal(open.count, 5);
  await reload(config({ connections: 12 }));
  assert.equal(open.count, 12);
  await reload(config({ connections: 4 }));
  assert.equal(open.count, 12, 'none is broken off');
  await open.finish(8);
  assert.equal(open.count, 4, 'and none of these was replaced');
  await open.finish(2);
  assert.equal(open.count, 4, 'these were');
  await reload(config({ connections: 6 }));
  assert.equal(open.count, 6);
});

test('the limit of open files of a sender process is looked up again at a reload', async (t) => {
  // A process keeps 48 files for itself.
  const made = await crowd(t, { connections: 100 }, 68);
  const { sender, reload, system } = made;
  const open = new Open(await sender(1));
  assert.equal(open.count, 20);
  system.openFiles = 78;
  await reload(config({ connections: 100 }));
  assert.equal(open.count, 30);
  system.openFiles = 58;
  await reload(config({ connections: 100 }));
  assert.equal(open.count, 30);
  await open.finish(25);
  assert.equal(open.count, 10);
});

test('capacity grows with each sender process, and shrinks when one ends', async (t) => {
  const { manager, sender } = await crowd(t, { connections: 100, senders: 3 }, 58);
  const one = await sender(1);
  const first = new Open(one);
  assert.equal(first.count, 10);
  const second = new Open(await sender(2));
  assert.deepEqual([first.count, second.count], [10, 10]);
  await one.unlink();
  manager.senderEnded(1);
  await settled();
  assert.equal(second.count, 10, 'full');
  await second.finish(3);
  assert.equal(second.count, 10);
  const third = new Open(await sender(3));
  assert.deepEqual([second.count, third.count], [10, 10]);
});

test('a reload that changes both the processes and their files is followed together', async (t) => {
  const { sender, reload, system } = await crowd(t, { connections: 15, senders: 2 }, 58);
  const [first, second] = [new Open(await sender(1)), new Open(await sender(2))];
  assert.equal(first.count + second.count, 15);
  system.openFiles = 53;
  await reload(config({ connections: 50, senders: 2 }));
  assert.equal(first.count + second.count, 15, 'they can hold 10 from now on');
  await first.finish(first.count);
  assert.ok(first.count + second.count <= 10, `${first.count} and ${second.count}`);
  system.openFiles = 68;
  await reload(config({ connections: 30, senders: 2 }));
  assert.equal(first.count + second.count, 30);
});
