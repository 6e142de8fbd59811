// Operators' overrides: what is set counts, is kept, and ends when it should.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Overrides } from '../../src/manager/overrides.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { all, aol, ground, limit, suspend } from './overrides-ground.ts';

/** Targets and quantities in force. */
function shown(overrides: Overrides) {
  return overrides.list.map(({ kind, target, quantities }) => [kind, target, quantities]);
}

test('an override that is set is in force, listed, logged, and there after a restart', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const made = ground(t);
  const { open, log } = made;
  const overrides = await open();
  let told = 0;
  made.changed = () => void told++;
  const set = await overrides.set(suspend({ reason: 'they asked', by: 'anna', forMs: 7_200_000 }), [aol]);
  assert.deepEqual(set, [
    {
      id: '1',
      kind: 'suspend',
      target: 'domain:aol.com',
      label: '',
      quantities: { connections: 0 },
      reason: 'they asked',
      setAtMs: 1_000_000,
      untilMs: 8_200_000,
      by: 'anna',
    },
  ]);
  assert.deepEqual(overrides.list, set);
  assert.equal(told, 1);
  assert.deepEqual(log.lines, [
    'info an operator (anna) suspended domain:aol.com until 1970-01-01T02:16:40.000Z: they asked',
  ]);
  assert.deepEqual((await open()).list, set);
});

test('a suspension and a limit of the same target do not replace each other', async (t) => {
  const { open } = ground(t);
  const overrides = await open();
  await overrides.set(limit({ connections: 5 }), [aol]);
  await overrides.set(suspend(), [aol]);
  assert.equal(overrides.list.length, 2);
  await overrides.unset({ kind: 'suspend' }, ['domain:aol.com']);
  assert.deepEqual(shown(overrides), [['limit', 'domain:aol.com', { connections: 5 }]]);
});

test('a limit that is set again replaces the quantities that it names, and no others', async (t) => {
  const { open } = ground(t);
  const overrides = await open();
  const rate = { count: 600, perMs: 60_000 };
  await overrides.set(limit({ connections: 5, messageRate: rate }), [aol, all]);
  await overrides.set(limit({ connections: 2 }, { forMs: 1_000_000 }), [aol]);
  assert.deepEqual(shown(overrides), [
    ['limit', 'domain:aol.com', { messageRate: rate }],
    ['limit', 'all', { connections: 5, messageRate: rate }],
    ['limit', 'domain:aol.com', { connections: 2 }],
  ]);
  const ids = overrides.list.map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
  const { ended } = await overrides.unset({ kind: 'limit' }, ['domain:aol.com']);
  assert.equal(ended.length, 2);
  assert.equal(overrides.list.length, 1);
});

test('an id is never given again, so that the state of a rate is never that of another', async (t) => {
  const { open } = ground(t);
  const first = await open();
  await first.set(suspend(), [aol]);
  await first.unset({ kind: 'suspend' }, ['domain:aol.com']);
  const [again] = await (await open()).set(suspend(), [aol]);
  assert.equal(again?.id, '2');
});

test('resuming a target that is not suspended tells of a wider suspension that covers it', async (t) => {
  const made = ground(t);
  const { open } = made;
  const overrides = await open();
  let told = 0;
  made.changed = () => void told++;
  await overrides.set(suspend(), [{ target: 'domain:*.aol.com', label: '' }, all]);
  assert.deepEqual(await overrides.unset({ kind: 'suspend' }, ['domain:mail.aol.com']), {
    ended: [],
    missing: [{ target: 'domain:mail.aol.com', heldBy: ['domain:*.aol.com', 'all'] }],
  });
  assert.equal(told, 1);
  assert.equal(overrides.list.length, 2);
});

test('each override ends at its own time', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 0 });
  const made = ground(t);
  const { open, log } = made;
  const overrides = await open();
  await overrides.set(suspend({ forMs: 10_000 }), [aol]);
  await overrides.set(limit({ connections: 1 }, { forMs: 5_000 }), [all]);
  let heard = Promise.withResolvers<void>();
  made.changed = () => heard.resolve();
  t.mock.timers.tick(4_999);
  assert.equal(overrides.list.length, 2);
  t.mock.timers.tick(1);
  await heard.promise;
  assert.deepEqual(shown(overrides), [['suspend', 'domain:aol.com', { connections: 0 }]]);
  heard = Promise.withResolvers();
  await overrides.unset({ kind: 'suspend' }, []); // in turn: the timer for the next end is set by then
  t.mock.timers.tick(5_000);
  await heard.promise;
  assert.deepEqual(overrides.list, []);
  assert.equal(log.lines.at(-1), 'info the time is over: Sluice resumed domain:aol.com');
  assert.deepEqual((await open()).list, []);
});

test('an end beyond the longest timer is reached with several timers', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 0 });
  const made = ground(t);
  const { open } = made;
  const overrides = await open();
  const days = 86_400_000;
  await overrides.set(suspend({ forMs: 40 * days }), [aol]);
  t.mock.timers.tick(2_147_000_000);
  await overrides.unset({ kind: 'suspend' }, []);
  assert.equal(overrides.list.length, 1);
  const heard = Promise.withResolvers<void>();
  made.changed = () => heard.resolve();
  t.mock.timers.tick(40 * days - 2_147_000_000);
  await heard.promise;
  assert.deepEqual(overrides.list, []);
});

test('an override that ended while Sluice was stopped is not in force after the start', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const { open } = ground(t);
  await (await open()).set(suspend({ forMs: 1_000 }), [aol]);
  t.mock.timers.setTime(1_000);
  assert.deepEqual((await open()).list, []);
});

const damaged: readonly (readonly [name: string, content: string])[] = [
  ['empty', ''],
  ['cut off', '{"version":1,"nextId":2,"overr'],
  ['of another version', '{"version":3,"nextId":1,"overrides":[]}'],
  ['without its checksum', '{"version":2,"nextId":1,"overrides":[]}'],
  ['with an id that is too large', '{"version":1,"nextId":9e15,"overrides":[]}'],
  [
    'with an end that is no date',
    '{"version":1,"nextId":2,"overrides":[{"id":"1","kind":"suspend","target":"all","label":"","quantities":{"connections":0},"reason":"","setAtMs":1,"untilMs":9000000000000000,"by":""}]}',
  ],
  [
    'with a target that cannot be',
    '{"version":1,"nextId":2,"overrides":[{"id":"1","kind":"suspend","target":"x","label":"","quantities":{"connections":0},"reason":"","setAtMs":1,"by":""}]}',
  ],
];

for (const [name, content] of damaged) {
  test(`a file that is ${name} is put aside with an error, and Sluice goes on`, async (t) => {
    const { open, path, folder, log } = ground(t);
    writeFileSync(path, content);
    const overrides = await open();
    assert.deepEqual(overrides.list, []);
    const [line = ''] = log.lines;
    assert.match(line, /^error no suspension and no limit that operators had set is in force: /);
    const [aside = ''] = readdirSync(folder);
    assert.match(aside, /^overrides\.json\.unreadable-\d+$/);
    assert.ok(line.includes(aside), line);
    assert.equal(readFileSync(join(folder, aside), 'utf8'), content);
    await overrides.set(suspend(), [aol]);
    assert.equal((await open()).list.length, 1);
  });
}

test('an override that cannot be stored is not in force', async (t) => {
  const made = ground(t);
  const { open, path } = made;
  const overrides = await open();
  let told = 0;
  made.changed = () => void told++;
  mkdirSync(`${path}.new`); // where the next file would be written
  await assert.rejects(overrides.set(suspend(), [aol]), { code: 'OVERRIDES_UNWRITABLE' });
  assert.deepEqual(overrides.list, []);
  assert.equal(told, 0);
  rmSync(`${path}.new`, { recursive: true });
  await overrides.set(suspend(), [aol]);
  assert.equal(overrides.list.length, 1);
  mkdirSync(`${path}.new`);
  await assert.rejects(overrides.unset({ kind: 'suspend' }, ['domain:aol.com']), {
    code: 'OVERRIDES_UNWRITABLE',
  });
  assert.equal(overrides.list.length, 1);
});

test('changes at the same time come one after the other, and none is lost', async (t) => {
  const { open } = ground(t);
  const overrides = await open();
  const targets = Array.from({ length: 20 }, (_, i) => ({ target: `domain:d${i}.example`, label: '' }));
  await Promise.all(targets.map((target) => overrides.set(suspend(), [target])));
  assert.equal(overrides.list.length, 20);
  assert.deepEqual((await open()).list, overrides.list);
});

test('the number of overrides is bounded', async (t) => {
  const { open } = ground(t);
  const overrides = await open();
  const targets = Array.from({ length: 1_000 }, (_, i) => ({ target: `domain:d${i}.example`, label: '' }));
  await overrides.set(suspend(), targets);
  await assert.rejects(overrides.set(suspend(), [aol]), { code: 'OVERRIDES_TOO_MANY' });
  assert.equal(overrides.list.length, 1_000);
  await overrides.set(suspend({ reason: 'again' }), targets.slice(0, 3));
  assert.equal(overrides.list.length, 1_000);
});

test('overrides survive any flipped byte of their file, and its loss, and the log says so', async (t) => {
  const { open, path, folder, log } = ground(t);
  const first = await open();
  await first.set(limit({ connections: 5 }), [all]);
  await first.set(suspend({ reason: 'they asked' }), [aol]);
  await first.close();
  const good = readFileSync(path);
  const expected = shown(first);
  const checksumAt = good.indexOf('"checksum"');
  for (let at = -1; at < good.length; at++) {
    const flipped = Buffer.from(good);
    if (at >= 0) flipped[at] = (flipped[at] ?? 0) ^ 2;
    if (at < 0) rmSync(path);
    else writeFileSync(path, flipped);
    log.lines.length = 0;
    const overrides = await open();
    await overrides.close();
    assert.deepEqual(shown(overrides), expected, `byte ${at}`);
    // A flip in the name "checksum", or in the line end, changes nothing that anybody set.
    if (at >= 0 && at >= checksumAt) continue;
    assert.ok(
      log.lines.some((line) => line.includes('its copy was used')),
      `byte ${at}: ${log.lines.join(',')}`,
    );
    assert.deepEqual(readFileSync(path), good);
  }
  assert.ok(readdirSync(folder).some((name) => name.includes('.unreadable-')));
});

test('with the copy damaged, too, or alone, nothing is in force: a critical trouble at each start until an operator acts', async (t) => {
  for (const damage of ['flipped', 'emptied', 'gone'] as const) {
    const { path, folder, log, open: openWith } = ground(t);
    const troubles = new Troubles();
    const open = () => openWith({ troubles });
    const first = await open();
    await first.set(suspend(), [aol]);
    await first.close();
    assert.deepEqual(troubles.list, []);
    const damaged = readFileSync(path, 'utf8').replace('aol', 'aob');
    writeFileSync(`${path}.copy`, damaged);
    if (damage === 'gone') rmSync(path);
    else writeFileSync(path, damage === 'emptied' ? '' : damaged);
    for (let start = 0; start < 2; start++) {
      const overrides = await open();
      assert.deepEqual(shown(overrides), []);
      assert.deepEqual(
        troubles.list.map(({ key, level }) => [key, level]),
        [['damage:overrides', 'critical']],
      );
      await overrides.close();
      troubles.clear('damage:overrides');
    }
    assert.ok(log.lines.some((line) => line.startsWith('error no suspension and no limit')));
    const last = await open();
    if (damage === 'emptied') await last.unset({ kind: 'suspend' }, ['all']);
    else await last.set(suspend(), [all]);
    assert.deepEqual(troubles.list, []);
    await last.close();
    const kept = readdirSync(folder).filter((name) => name.includes('.copy.unreadable-'));
    assert.deepEqual(
      kept.map((name) => readFileSync(join(folder, name), 'utf8')),
      [damaged],
    );
    const again = await open();
    assert.equal(shown(again).length, damage === 'emptied' ? 0 : 1);
    assert.deepEqual(troubles.list, []);
    await again.close();
  }
});

test('an end that came while Sluice was stopped is logged, once', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const { open, log } = ground(t);
  const first = await open();
  await first.set(suspend({ forMs: 1_000 }), [aol]);
  await first.set(suspend(), [all]);
  await first.close();
  t.mock.timers.setTime(60_000);
  log.lines.length = 0;
  assert.equal((await open()).list.length, 1);
  const ends = () => log.lines.filter((line) => line.includes('resumed domain:aol.com')).length;
  assert.equal(ends(), 1);
  assert.equal((await open()).list.length, 1);
  assert.equal(ends(), 1);
});
