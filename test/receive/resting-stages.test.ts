// A stage that fails again and again is left alone for a while, so that clients do not wait for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { greeted } from './fixture.ts';
import { later, pass, withStages } from './stage-fixture.ts';

const failed = '451 4.3.0 A check of this server failed, try again later';

for (const [way, answer] of [
  [
    'throws',
    (): Verdict => {
      throw new Error('no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
  ['answers what is no verdict', () => 'what' as unknown as Verdict],
] as const) {
  test(`a stage that ${way} rests after some failures in a row, and is tried by one question then`, async (t) => {
    let asked = 0;
    let isBroken = true;
    const stage: Stage = {
      name: 'weak',
      breaker: { failures: 2, restMs: 10_000 },
      mail: () => {
        asked++;
        return isBroken ? answer() : goOn;
      },
    };
    const fixture = await withStages(t, stage);
    const client = await greeted(fixture);
    const mail = async (): Promise<string> => {
      const reply = await client.ask('MAIL FROM:<a@example.net>\r\n');
      if (reply.startsWith('250')) await client.ask('RSET\r\n');
      return reply;
    };
    for (let turn = 0; turn < 5; turn++) assert.equal(await mail(), failed);
    assert.equal(asked, 2);
    await pass(fixture, 10_000);
    for (let turn = 0; turn < 3; turn++) assert.equal(await mail(), failed);
    assert.equal(asked, 3);
    isBroken = false;
    await pass(fixture, 10_000);
    for (let turn = 0; turn < 3; turn++) assert.match(await mail(), /^250/);
    assert.equal(asked, 6);
    isBroken = true;
    await mail();
    isBroken = false;
    await mail();
    isBroken = true;
    // Not in a row: one failure, and one more.
    await mail();
    assert.equal(asked, 9);
    assert.ok(
      fixture.log.some((line) => line.includes('has failed 2 times in a row, and is left alone for 10 s')),
    );
    assert.ok(fixture.log.some((line) => line.includes('answers again')));
  });
}

test('while a resting stage is tried, other clients do not wait for it', async (t) => {
  let asked = 0;
  const stage: Stage = {
    name: 'silent',
    timeLimitMs: 5000,
    breaker: { failures: 1, restMs: 10_000 },
    mail: () => {
      asked++;
      return new Promise(() => undefined);
    },
  };
  const fixture = await withStages(t, stage);
  const [first, second] = [await greeted(fixture), await greeted(fixture)];
  first.send('MAIL FROM:<a@example.net>\r\n');
  await pass(fixture, 7000);
  assert.equal(await first.reply(), failed);
  await pass(fixture, 12_000);
  first.send('MAIL FROM:<a@example.net>\r\n');
  await pass(fixture, 0);
  assert.equal(await second.ask('MAIL FROM:<a@example.net>\r\n'), failed);
  assert.equal(asked, 2);
});

test('refusals of a stage are answers, and it does not rest after them', async (t) => {
  let asked = 0;
  const stage: Stage = {
    name: 'strict',
    breaker: { failures: 1, restMs: 10_000 },
    mail: () => {
      asked++;
      return later;
    },
  };
  const client = await greeted(await withStages(t, stage));
  for (let turn = 0; turn < 3; turn++)
    assert.equal(await client.ask('MAIL FROM:<a@example.net>\r\n'), '451 4.7.1 Greylisted');
  assert.equal(asked, 3);
});

test('a stage is no trouble any more when it has answered where it failed: once after a rest, else ten times in a row', async (t) => {
  let isBroken = true;
  const stage: Stage = {
    name: 'weak',
    breaker: { failures: 2, restMs: 10_000 },
    helo: () => goOn,
    mail: () => {
      if (isBroken) throw new Error('no');
      return goOn;
    },
  };
  const fixture = await withStages(t, stage);
  const client = await greeted(fixture);
  const troubles = (): number => fixture.troubles.list.length;
  const mail = async (): Promise<void> => {
    if ((await client.ask('MAIL FROM:<a@example.net>\r\n')).startsWith('250')) await client.ask('RSET\r\n');
  };
  await mail();
  isBroken = false;
  for (let turn = 0; turn < 9; turn++) await mail();
  assert.equal(troubles(), 1);
  await mail();
  assert.equal(troubles(), 0);
  isBroken = true;
  await mail();
  await mail();
  assert.equal(troubles(), 1);
  await pass(fixture, 10_000);
  isBroken = false;
  await client.ask('EHLO client.test\r\n');
  // At HELO it never failed: that says nothing.
  assert.equal(troubles(), 1);
  await mail();
  assert.equal(troubles(), 0);
  isBroken = true;
  await mail();
  assert.equal(troubles(), 1);
});
