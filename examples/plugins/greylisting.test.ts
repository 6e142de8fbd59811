// The test of greylisting.ts. Run it by: sluice plugin test greylisting.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlugin } from 'sluice/plugin/testing';
import plugin from './greylisting.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const mail = { client: { address: '192.0.2.1' }, sender: 'joe@example.net', recipient: 'ann@example.com' };

test('the first try is put off, and one after the wait is let through', async () => {
  await using asked = await testPlugin(plugin);
  assert.deepEqual(await asked.rcpt(mail), {
    kind: 'tempfail',
    reply: { code: 451, enhanced: '4.7.1', text: ['Greylisted: try again in some minutes'] },
  });
  await asked.clock.advance(4 * minuteMs);
  assert.equal((await asked.rcpt(mail)).kind, 'tempfail');
  await asked.clock.advance(minuteMs);
  assert.equal((await asked.rcpt(mail)).kind, 'continue');
  assert.equal((await asked.rcpt(mail)).kind, 'continue');
});

test('another host of the same network is the same sender, and another sender is not', async () => {
  await using asked = await testPlugin(plugin);
  await asked.rcpt(mail);
  await asked.clock.advance(5 * minuteMs);
  assert.equal((await asked.rcpt({ ...mail, client: { address: '192.0.2.200' } })).kind, 'continue');
  assert.equal((await asked.rcpt({ ...mail, sender: 'JOE@example.net' })).kind, 'continue');
  assert.equal((await asked.rcpt({ ...mail, client: { address: '198.51.100.1' } })).kind, 'tempfail');
  assert.equal((await asked.rcpt({ ...mail, sender: 'jim@example.net' })).kind, 'tempfail');
  assert.equal((await asked.rcpt({ ...mail, recipient: 'bob@example.com' })).kind, 'tempfail');
});

test('a first try is forgotten after two days, and a sender 36 days after its last mail', async () => {
  await using asked = await testPlugin(plugin);
  await asked.rcpt(mail);
  await asked.clock.advance(2 * dayMs + minuteMs);
  assert.equal((await asked.rcpt(mail)).kind, 'tempfail');
  await asked.clock.advance(dayMs);
  assert.equal((await asked.rcpt(mail)).kind, 'continue');
  await asked.clock.advance(35 * dayMs);
  assert.equal((await asked.rcpt(mail)).kind, 'continue');
  await asked.clock.advance(37 * dayMs);
  assert.equal((await asked.rcpt(mail)).kind, 'tempfail');
});

test('a trial of an operator counts for nothing', async () => {
  await using asked = await testPlugin(plugin);
  assert.equal((await asked.rcpt({ ...mail, isTrial: true })).kind, 'continue');
  await asked.clock.advance(5 * minuteMs);
  assert.equal((await asked.rcpt(mail)).kind, 'tempfail');
});

test('options change the times', async () => {
  await using asked = await testPlugin(plugin, { options: { wait: '1m' } });
  await asked.rcpt(mail);
  await asked.clock.advance(minuteMs);
  assert.equal((await asked.rcpt(mail)).kind, 'continue');
  await assert.rejects(
    testPlugin(plugin, { options: { wait: 'soon' } }),
    /option wait: "soon" is not a duration/u,
  );
});
