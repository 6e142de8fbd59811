// The test of rate-by-header.ts. Run it by: sluice plugin test rate-by-header.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlugin } from 'sluice/plugin/testing';
import plugin from './rate-by-header.ts';

const of = (list: string) => ({ message: `List-Id: ${list}\nSubject: x\n\nHello\n` });

test('messages beyond the rate are put off until the time is over', async () => {
  await using asked = await testPlugin(plugin, { options: { rate: '2/hour' } });
  assert.equal((await asked.headers(of('<a.example>'))).kind, 'continue');
  assert.equal((await asked.headers(of('<a.example>'))).kind, 'continue');
  assert.deepEqual(await asked.headers(of('\n <a.example>')), {
    kind: 'tempfail',
    reply: { code: 451, enhanced: '4.7.1', text: ['Too many messages with this List-Id, try again later'] },
  });
  assert.equal((await asked.headers(of('<b.example>'))).kind, 'continue');
  await asked.clock.advance(3_600_000);
  assert.equal((await asked.headers(of('<a.example>'))).kind, 'continue');
});

test('another field can be counted, and mail without it is not', async () => {
  await using asked = await testPlugin(plugin, { options: { field: 'X-Campaign', rate: '1/day' } });
  const message = 'x-campaign: 7\n\n';
  assert.equal((await asked.headers({ message })).kind, 'continue');
  assert.equal((await asked.headers({ message })).kind, 'tempfail');
  for (let sent = 0; sent < 3; sent++) assert.equal((await asked.headers()).kind, 'continue');
});
