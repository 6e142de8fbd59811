// Diversions in the manager: stored before they count, told to receivers before anybody is answered, and ended at their time.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { conditionsSchema } from '../../src/control/operations/diversions.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { Diversions } from '../../src/manager/diversions/diversions.ts';
import { diversionRule } from '../../src/policy/queues/diversion-rule.ts';
import { LiveDiversions } from '../../src/policy/queues/live-diversions.ts';
import { type FileLayer, nodeFiles } from '../../src/spool/file-layer.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { conditionNames, conditionsText, type Diversion } from '../../src/values/diversion.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const news = { queue: 'backup', conditions: { tenant: ['news'] }, reason: 'a storm', by: 'joe' };

function ground(t: TestContext) {
  const { path: folder, atEnd } = temporaryFolder(t, 'diversions');
  const path = join(folder, 'diversions.json');
  const troubles = new Troubles();
  const log = keptLog();
  const told: (readonly Diversion[])[] = [];
  let telling = Promise.resolve();
  return {
    path,
    troubles,
    log,
    told,
    /** Receivers answer no sooner than this. */
    answerAfter: (promise: Promise<void>) => (telling = promise),
    open: async (files: FileLayer = nodeFiles) => {
      const diversions = await Diversions.open({
        path,
        files,
        timers: nodeTimers,
        log,
        troubles,
        dateMs: Date.now,
        endsMs: Date.now,
        queues: () => ['default', 'backup'],
        tell: (list) => {
          told.push(list);
          return telling;
        },
      });
      atEnd(() => diversions.close());
      return diversions;
    },
  };
}

test('it is stored, then told to receivers, and only then is the operator answered', async (t) => {
  const { open, answerAfter, path, told } = ground(t);
  const diversions = await open();
  const receivers = Promise.withResolvers<void>();
  answerAfter(receivers.promise);
  let isAnswered = false;
  const added = diversions.add({ ...news, forMs: 3_600_000 }).then((each) => {
    isAnswered = true;
    return each;
  });
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.match(
    readFileSync(path, 'utf8'),
    /"tenant":\["news"\]/u,
    'it is on the disk before receivers know it',
  );
  assert.equal(isAnswered, false);
  receivers.resolve();
  const { id, untilMs = 0, setAtMs } = await added;
  assert.deepEqual([id, untilMs - setAtMs], ['1', 3_600_000]);
  assert.deepEqual(
    (await (await open()).list).map((each) => each.id),
    ['1'],
    'after a restart',
  );
});

test('what cannot be stored is not in force, and nobody is told', async (t) => {
  const { open, told } = ground(t);
  const full: FileLayer = { ...nodeFiles, open: () => Promise.reject(new Error('ENOSPC')) };
  const diversions = await open(full);
  await assert.rejects(diversions.add(news), { code: 'DIVERSIONS_UNWRITABLE' });
  assert.deepEqual([diversions.list, told], [[], []]);
  await assert.rejects(diversions.add({ ...news, queue: 'nowhere' }), { code: 'QUEUE_UNKNOWN' });
});

test('it ends at its time, and receivers hear of that', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 0 });
  const { open, told } = ground(t);
  const diversions = await open();
  await diversions.add({ ...news, forMs: 60_000 });
  await diversions.add({ ...news, conditions: {} });
  t.mock.timers.tick(60_000);
  while (told.length < 3) await Promise.resolve();
  assert.deepEqual(
    told.at(-1)?.map(({ id }) => id),
    ['2'],
  );
  await diversions.close();
});

test('a file that cannot be read is kept, told as a trouble, and stops no start', async (t) => {
  const { open, path, troubles } = ground(t);
  for (const name of [path, `${path}.copy`]) writeFileSync(name, '{"version":1,"nextId":2}');
  const diversions = await open();
  assert.deepEqual(diversions.list, []);
  assert.deepEqual(
    troubles.list.map(({ key, level }) => [key, level]),
    [['damage:diversions', 'critical']],
  );
  await diversions.end({});
  assert.deepEqual(troubles.list, []);
});

test('a receiver diverts by the first that matches, to queues that are there', () => {
  const live = new LiveDiversions();
  const mail = { tenant: 'news', client: '192.0.2.1', reversePath: 'a@a.test', principal: '', listener: '' };
  assert.equal(live.of(mail, 'x@b.test'), undefined);
  live.set([
    { queue: 'gone', conditions: {} },
    { queue: 'backup', conditions: { domain: ['b.test'], client: ['192.0.2.0/24'] } },
    { queue: 'other', conditions: { tenant: ['news'] } },
  ]);
  assert.equal(live.of(mail, 'x@b.test'), undefined, 'no queue is known yet');
  live.configure(
    new Map([
      ['default', 0],
      ['backup', 1],
      ['other', 2],
    ]),
  );
  assert.deepEqual(
    ['x@b.test', 'x@c.test'].map((to) => live.of(mail, to)),
    [1, 2],
  );
  assert.equal(live.of({ ...mail, tenant: '' }, 'x@c.test'), undefined);
  assert.equal(live.looksAtHeader, false);
  live.set([{ queue: 'backup', conditions: { header: ['Subject: *x*'] } }]);
  assert.equal(live.looksAtHeader, true);
  live.set([]);
  assert.equal(live.of(mail, 'x@b.test'), undefined);
});

test('conditions of any text are refused, or understood and shown on one line', () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('a.test', '*.a.test', '192.0.2.0/24', '<>', 'x.y>=1', 'A: b'),
  );
  const conditions = fc.record(
    Object.fromEntries(conditionNames.map((name) => [name, fc.array(value, { minLength: 1, maxLength: 2 })])),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(conditions, (given) => {
      const checked = conditionsSchema.safeParse(given);
      if (!checked.success) return;
      assert.doesNotThrow(() => diversionRule(checked.data, 0));
      assert.doesNotMatch(conditionsText(checked.data), /[\r\n\u2028]/u);
    }),
  );
});
