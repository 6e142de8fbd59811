// Usage logs: several processes add to one at the same time, die between any two steps, and count anew; all see the same sums.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { UsageLog } from '../../src/mailbox/quota/usage-log.ts';
import { addLine, UsageTally } from '../../src/mailbox/quota/usage-lines.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-usage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, '.usage');
}

/** Small files, so that they end often. */
const shortest = 150;

test('what several processes add is one sum, over many files', async (t) => {
  const folder = folderFor(t);
  const logs = Array.from({ length: 4 }, () => new UsageLog(folder, 'domain=a.test', shortest));
  const sums = await Promise.all(
    Array.from({ length: 80 }, (_, at) => logs[at % 4]!.add({ bytes: 10, messages: 1 }, `u${at}@a.test`)),
  );
  // Nobody sees the sum of another one: the last room goes to one of them.
  assert.deepEqual(
    sums.map(({ messages }) => messages).toSorted((a, b) => a - b),
    Array.from({ length: 80 }, (_, at) => at + 1),
  );
  for (const log of [...logs, new UsageLog(folder, 'domain=a.test')]) {
    const { bytes, messages } = await log.usage();
    assert.deepEqual([bytes, messages], [800, 80]);
  }
  assert.ok(readdirSync(folder).length <= 2);
});

test('logs of names that begin alike are apart', async (t) => {
  const folder = folderFor(t);
  const names = ['domain=a', 'domain=a.1', 'domain=a.1.1', 'tenant=a'];
  for (const [at, name] of names.entries())
    await new UsageLog(folder, name, shortest).add({ bytes: at + 1, messages: 1 }, 'x');
  for (const [at, name] of names.entries())
    assert.equal((await new UsageLog(folder, name, shortest).usage()).bytes, at + 1);
});

test('a count corrects the sum, by what came meanwhile as well', async (t) => {
  const folder = folderFor(t);
  const [one, other] = [new UsageLog(folder, 'x', shortest), new UsageLog(folder, 'x', shortest)];
  await one.add({ bytes: 500, messages: 5 }, 'joe@a.test');
  const asked: unknown[] = [];
  const mailboxes = new Map([
    ['joe@a.test', { bytes: 100, messages: 1 }],
    ['sue@a.test', { bytes: 0, messages: 0 }],
  ]);
  const found = await one.recount(
    async ({ changed, lookOn }) => {
      asked.push(changed === undefined ? undefined : [...changed]);
      if (asked.length === 1)
        for (let at = 0; at < 20; at++) {
          const { bytes, messages } = mailboxes.get('sue@a.test')!;
          mailboxes.set('sue@a.test', { bytes: bytes + 7, messages: messages + 1 });
          await other.add({ bytes: 7, messages: 1 }, 'sue@a.test');
          await lookOn();
        }
      const all = [...mailboxes.values()];
      return {
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        messages: all.reduce((sum, { messages }) => sum + messages, 0),
      };
    },
    () => 1234,
  );
  assert.deepEqual(asked, [undefined, ['sue@a.test']]);
  assert.deepEqual([found.bytes, found.messages, found.countedAtMs], [240, 21, 1234]);
  const seen = await other.usage();
  assert.deepEqual([seen.bytes, seen.messages, seen.countedAtMs], [240, 21, 1234]);
});

test('a count that has lost sight of what came meanwhile corrects nothing', async (t) => {
  const folder = folderFor(t);
  const [one, other] = [new UsageLog(folder, 'x', shortest), new UsageLog(folder, 'x', shortest)];
  await one.recount(
    async () => {
      for (let at = 0; at < 20; at++) await other.add({ bytes: 7, messages: 1 }, 'sue@a.test');
      return { bytes: 0, messages: 0 };
    },
    () => 1,
  );
  const { bytes, countedAtMs } = await one.usage();
  assert.deepEqual([bytes, countedAtMs], [140, 0]);
});

test('of two counts at the same time, one corrects', async (t) => {
  const folder = folderFor(t);
  const logs = [new UsageLog(folder, 'x'), new UsageLog(folder, 'x')];
  await logs[0]!.add({ bytes: 500, messages: 5 }, 'joe@a.test');
  await Promise.all(
    logs.map((log) =>
      log.recount(
        () => Promise.resolve({ bytes: 100, messages: 1 }),
        () => 1,
      ),
    ),
  );
  for (const log of logs) assert.equal((await log.usage()).bytes, 100);
});

test('mailboxes that are elsewhere are remembered over the end of a file', async (t) => {
  const folder = folderFor(t);
  const log = new UsageLog(folder, 'x', shortest);
  await log.add({ bytes: 1, messages: 1 }, 'joe doe@a.test', '/srv/joe doe/Maildir');
  for (let at = 0; at < 20; at++) await log.add({ bytes: 1, messages: 1 }, 'sue@a.test');
  await new UsageLog(folder, 'x', shortest).recount(
    ({ elsewhere }) => {
      assert.deepEqual([...elsewhere], [['joe doe@a.test', '/srv/joe doe/Maildir']]);
      return Promise.resolve({ bytes: 0, messages: 0 });
    },
    () => 1,
  );
});

test('lines that nobody understands are left out, and a part of one does no harm', async (t) => {
  const folder = folderFor(t);
  const log = new UsageLog(folder, 'x');
  await log.add({ bytes: 5, messages: 1 }, 'joe@a.test');
  appendFileSync(
    join(folder, 'x.1'),
    '\0\0\0\nadd x 1 joe\nadd 1\nadd 99999999999999999999 1\ncounted\nwhat\n',
  );
  assert.deepEqual(await log.add({ bytes: 5, messages: 1 }, 'joe@a.test'), { bytes: 10, messages: 2 });
  // Power failed, and nothing of the file is left.
  writeFileSync(join(folder, 'x.1'), '');
  assert.equal((await new UsageLog(folder, 'x').usage()).bytes, 0);
});

test('the folder is made, and none above it', async (t) => {
  const folder = folderFor(t);
  await assert.rejects(new UsageLog(join(folder, 'deeper'), 'x').usage(), { code: 'ENOENT' });
  assert.equal(existsSync(folder), false);
});

test('whatever processes do, and wherever they die, the sum is that of the lines that were added', async (t) => {
  const step = fc.record({
    process: fc.nat(2),
    kind: fc.constantFrom('add', 'add', 'add', 'die', 'end', 'orphan'),
    bytes: fc.integer({ min: -50, max: 50 }),
  });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const folder = `${folderFor(t)}${runs++}`;
      const open = (): UsageLog => new UsageLog(folder, 'x', shortest);
      const logs = [open(), open(), open()];
      let sum = 0;
      const last = (): string => `x.${Math.max(...readdirSync(folder).map((name) => Number(name.slice(2))))}`;
      for (const { process, kind, bytes } of steps) {
        if (kind === 'die') logs[process] = open();
        else if (kind === 'add') {
          sum += bytes;
          const added = await logs[process]!.add({ bytes, messages: 1 }, 'joe@a.test');
          assert.equal(added.bytes, sum);
        } else if (existsSync(folder)) {
          // A process ends the file and dies, before or after another one could add a line behind the end.
          appendFileSync(join(folder, last()), 'end\n');
          if (kind === 'orphan')
            appendFileSync(join(folder, last()), addLine({ bytes: 1000, messages: 1 }, 'x', 'dead', 1));
        }
      }
      for (const log of logs) assert.equal((await log.usage()).bytes, Math.max(0, sum));
    }),
    { numRuns: 40 },
  );
});

test('a log may be cut into pieces anywhere, and says the same', () => {
  const lines = [
    'sluice-usage 1 77\n',
    'at joe%40a.test /srv/joe\n',
    addLine({ bytes: 10, messages: 1 }, 'joe@a.test', 'w', 1),
    'count t.1\n',
    addLine({ bytes: 5, messages: 1 }, 'sue@a.test', 'v', 1),
    'counted t.1 -3 0 99\n',
    'end\n',
    addLine({ bytes: 1000, messages: 1 }, 'joe@a.test', 'w', 2),
  ].join('');
  fc.assert(
    fc.property(fc.array(fc.nat(lines.length)), (cuts) => {
      const tally = new UsageTally('w');
      let from = 0;
      for (const cut of [...cuts, lines.length].toSorted((a, b) => a - b)) {
        tally.take(lines.slice(from, cut));
        from = cut;
      }
      assert.deepEqual(tally.usage, { bytes: 12, messages: 2 });
      assert.deepEqual(tally.takeOwn(1), { bytes: 10, messages: 1 });
      assert.equal(tally.takeOwn(2), undefined);
      assert.equal(tally.countedAtMs, 99);
      assert.ok(tally.isEnded);
      assert.equal(tally.next, 'sluice-usage 1 99\nadd 12 2\nat joe%40a.test %2Fsrv%2Fjoe\n');
    }),
  );
});
