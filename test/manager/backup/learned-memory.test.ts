// Recipients that primary servers have taken: remembered over restarts, forgotten in time, bounded, and never in the way.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { nodeTimers } from '../../../src/io/timers.ts';
import { LearnedMemory, mostLearned, mostUnknown } from '../../../src/manager/backup/learned-memory.ts';
import { nodeFiles } from '../../../src/spool/file-layer.ts';
import { keptLog } from '../../process/quiet-log.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const dayMs = 86_400_000;

function ground(t: TestContext) {
  const { path: folder } = temporaryFolder(t, 'learned');
  const clock = { dayNumber: 20_000 };
  const log = keptLog();
  const open = () =>
    new LearnedMemory({
      folder,
      files: nodeFiles,
      timers: nodeTimers,
      log,
      clock: { dateMs: () => clock.dayNumber * dayMs + 5 },
    });
  const isLearned = async (memory: LearnedMemory, address: string) =>
    (await memory.learned(address)).kind === 'learned';
  return { folder, clock, log, open, isLearned };
}

test('what was learned is known after a restart, and what was unlearned is not', async (t) => {
  const { isLearned, open } = ground(t);
  const first = open();
  assert.equal(await isLearned(first, 'a@far.test'), false);
  first.learn('a@far.test', true);
  first.learn('b@far.test', true);
  first.learn('b@far.test', false);
  first.learn('never@far.test', false);
  assert.equal(await isLearned(first, 'a@far.test'), true);
  await first.close();
  const second = open();
  assert.equal(await isLearned(second, 'a@far.test'), true);
  assert.equal(await isLearned(second, 'b@far.test'), false);
  for (const address of ['b@far.test', 'never@far.test'])
    assert.deepEqual(await second.learned(address), { kind: 'unknown' });
  assert.deepEqual(await second.learned('new@far.test'), { kind: 'unlearned' });
  assert.equal(second.size, 1);
  await second.close();
});

test('a recipient is forgotten 60 days after it was last taken', async (t) => {
  const { clock, isLearned, open } = ground(t);
  const memory = open();
  memory.learn('a@far.test', true);
  memory.learn('b@far.test', true);
  clock.dayNumber += 40;
  memory.learn('b@far.test', true);
  clock.dayNumber += 20;
  assert.equal(await isLearned(memory, 'a@far.test'), true);
  clock.dayNumber++;
  assert.equal(await isLearned(memory, 'a@far.test'), false);
  assert.equal(await isLearned(memory, 'b@far.test'), true);
  await memory.close();
  const later = open();
  assert.equal(await isLearned(later, 'b@far.test'), true);
  assert.equal(later.size, 1);
  await later.close();
});

test('a clock that was wrong in the future makes nothing known for longer', async (t) => {
  const { clock, isLearned, open } = ground(t);
  clock.dayNumber += 1_000;
  const ahead = open();
  ahead.learn('a@far.test', true);
  await ahead.close();
  clock.dayNumber -= 1_000;
  const memory = open();
  assert.equal(await isLearned(memory, 'a@far.test'), true);
  clock.dayNumber += 61;
  assert.equal(await isLearned(memory, 'a@far.test'), false);
  await memory.close();
});

test('a file that Sluice has not written is left aside, with a word in the log', async (t) => {
  const { folder, isLearned, log, open } = ground(t);
  writeFileSync(join(folder, 'learned.json'), '{"version": 2, "recipients": "all"}');
  const memory = open();
  assert.equal(await isLearned(memory, 'a@far.test'), false);
  assert.match(JSON.stringify(log.lines), /recipients at primary servers are learned anew/u);
  memory.learn('a@far.test', true);
  await memory.close();
});

test('their number is bounded, and those that were asked for lately stay', async (t) => {
  const { isLearned, open } = ground(t);
  const memory = open();
  for (let at = 0; at < mostLearned; at++) memory.learn(`u${at}@far.test`, true);
  assert.equal(await isLearned(memory, 'u0@far.test'), true);
  for (let at = 0; at < 10; at++) memory.learn(`new${at}@far.test`, true);
  assert.ok(memory.size <= mostLearned && memory.size >= mostLearned / 2, String(memory.size));
  assert.equal(await isLearned(memory, 'u0@far.test'), true);
  assert.equal(await isLearned(memory, 'u1@far.test'), false);
  await memory.close();
});

test('that a recipient was unknown is forgotten after 60 days, too', async (t) => {
  const { clock, open } = ground(t);
  const memory = open();
  memory.learn('a@far.test', false);
  clock.dayNumber += 60;
  assert.deepEqual(await memory.learned('a@far.test'), { kind: 'unknown' });
  clock.dayNumber++;
  assert.deepEqual(await memory.learned('a@far.test'), { kind: 'unlearned' });
  await memory.close();
});

test('names that strangers make up are bounded, and push out no recipient that was taken', async (t) => {
  const { isLearned, open } = ground(t);
  const memory = open();
  memory.learn('a@far.test', true);
  for (let at = 0; at < 3 * mostUnknown; at++) memory.learn(`u${at}@far.test`, false);
  assert.ok(memory.unknownSize <= mostUnknown, String(memory.unknownSize));
  assert.equal(await isLearned(memory, 'a@far.test'), true);
  await memory.close();
});

test('what is said while the file is being read is newer than the file', async (t) => {
  const { open } = ground(t);
  const first = open();
  first.learn('a@far.test', true);
  first.learn('b@far.test', false);
  await first.close();
  const second = open();
  second.learn('a@far.test', false);
  second.learn('b@far.test', true);
  assert.deepEqual(await second.learned('a@far.test'), { kind: 'unknown' });
  assert.deepEqual(await second.learned('b@far.test'), { kind: 'learned' });
  await second.close();
});

test('whatever is learned in whatever order, the last word counts, also after a restart', async (t) => {
  const { open } = ground(t);
  const step = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean(), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let memory = open();
      const known = new Map<number, boolean>();
      for (let user = 0; user <= 5; user++) memory.learn(`u${user}@far.test`, false);
      await memory.learned('x@far.test');
      for (let user = 0; user <= 5; user++) memory.learn(`u${user}@far.test`, false);
      for (const [user, exists, restarts] of steps) {
        memory.learn(`u${user}@far.test`, exists);
        known.set(user, exists);
        if (!restarts) continue;
        await memory.close();
        memory = open();
        await memory.learned('x@far.test');
      }
      for (let user = 0; user <= 5; user++)
        assert.deepEqual(await memory.learned(`u${user}@far.test`), {
          kind: known.get(user) === true ? 'learned' : 'unknown',
        });
      await memory.close();
    }),
    { numRuns: 30 },
  );
});
