// The one place that counts what all receivers take: exactly, over restarts, and with dates for people.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Charged } from '../../src/channel/sending-messages.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { SendingDesk } from '../../src/manager/sending-desk.ts';
import { parseConfig } from '../../src/config/config.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { handIn } from '../policy/sending/rules.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const hour = 3_600_000;
/** What people's clocks show beside steady time. */
const shownShiftMs = 500_000;
const limits = '[[sending_limit]]\nby = "user"\nmessages = "2/hour"\n';
const joe = handIn({ user: 'joe@example.com' });

function ground(t: TestContext) {
  const { path: folder, atEnd } = temporaryFolder(t, 'sending');
  const path = join(folder, 'sending.json');
  const spool = JSON.stringify(folder);
  const log = keptLog();
  const time = { nowMs: 1_700_000_000_000 };
  const clock = { nowMs: () => time.nowMs, shownOf: (ms: number) => ms + shownShiftMs };
  const open = async (tables = limits) => {
    const config = parseConfig(`spool = ${spool}\n${tables}`, 'sluice.toml');
    const desk = await SendingDesk.open(config, { files: nodeFiles, timers: nodeTimers, log, clock });
    atEnd(() => desk.close());
    return desk;
  };
  return { path, log, time, open };
}

function ask(desk: SendingDesk, id: number): Charged {
  const answers: Charged[] = [];
  desk.take({ kind: 'charge', id, handIn: joe }, (answer) => void answers.push(answer));
  assert.equal(answers.length, 1);
  return answers[0] as Charged;
}

test('receivers are answered by the id of their question, beyond the limit with a date that people know', async (t) => {
  const { time, open } = ground(t);
  const desk = await open();
  const { nowMs } = time;
  const charge = { handIn: joe, atMs: nowMs, turnMs: nowMs };
  assert.deepEqual(ask(desk, 7), {
    kind: 'charged',
    id: 7,
    answer: { kind: 'counted', charge, turn: undefined },
  });
  ask(desk, 8);
  const refused = ask(desk, 9);
  assert.ok(refused.answer.kind === 'exceeded');
  const { again } = refused.answer;
  assert.ok(again !== undefined && again.inMs >= hour && again.inMs <= hour + 60_000);
  assert.equal(again.at, nowMs + again.inMs + shownShiftMs);
  desk.take({ kind: 'release', charge }, () => assert.fail('nothing is answered'));
  assert.equal(ask(desk, 10).answer.kind, 'counted');
});

test('what was counted before a restart counts after it, and a file that cannot be read is told', async (t) => {
  const { path, log, time, open } = ground(t);
  const before = await open();
  const { answer } = ask(before, 1);
  assert.ok(answer.kind === 'counted');
  const { charge } = answer;
  ask(before, 2);
  await before.close();
  time.nowMs += hour / 2;
  const after = await open();
  assert.equal(ask(after, 3).answer.kind, 'exceeded');
  // Whether the earlier manager had stored it, nobody knows: to take it back might take back another message.
  after.take({ kind: 'release', charge }, () => undefined);
  assert.equal(ask(after, 4).answer.kind, 'exceeded');
  await after.close();
  time.nowMs += hour;
  assert.equal(ask(await open(), 5).answer.kind, 'counted');
  writeFileSync(path, '{"version":2,"sending":[{"by":"nobody"}],"checksum":"0"}');
  assert.equal(ask(await open(), 6).answer.kind, 'counted');
  assert.match(log.lines.join('\n'), /counts of sending limits begin afresh/u);
});

test('without limits nothing is written', async (t) => {
  const { path, open } = ground(t);
  await (await open('')).close();
  assert.equal(existsSync(path), false);
});
