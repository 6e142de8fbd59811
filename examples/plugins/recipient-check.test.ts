// The test of recipient-check.ts. Run it by: sluice plugin test recipient-check.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakeHttpAnswer, testPlugin } from 'sluice/plugin/testing';
import plugin from './recipient-check.ts';

const options = { url: 'http://users.example/mailbox?of=mail', domains: ['example.com'] };

test('who exists is let through, and who does not is refused', async () => {
  const http = {
    'http://users.example/mailbox?of=mail&address=joe%40example.com': 204,
    'http://users.example/mailbox?of=mail&address=nobody%40example.com': 404,
  };
  await using asked = await testPlugin(plugin, { options, http });
  assert.equal((await asked.rcpt({ recipient: 'Joe@Example.com' })).kind, 'continue');
  assert.deepEqual(await asked.rcpt({ recipient: 'nobody@example.com' }), {
    kind: 'reject',
    reply: { code: 550, enhanced: '5.1.1', text: ['No such mailbox here'] },
  });
});

test('recipients of other domains are not asked about', async () => {
  await using asked = await testPlugin(plugin, { options });
  assert.equal((await asked.rcpt({ recipient: 'joe@example.org' })).kind, 'continue');
  assert.equal((await asked.rcpt({ recipient: 'postmaster' })).kind, 'continue');
  assert.deepEqual(asked.questions, []);
});

for (const answer of [500, 302, 'failing'] as const) {
  test(`a service that answers ${answer} makes the plugin fail, which is answered 451`, async () => {
    await using asked = await testPlugin(plugin, { options, http: () => answer });
    await assert.rejects(asked.rcpt({ recipient: 'joe@example.com' }), /users\.example/u);
  });
}

test('answers are kept for a minute, and failures are not', async () => {
  let answer: FakeHttpAnswer = 'failing';
  await using asked = await testPlugin(plugin, { options, http: () => answer });
  const ask = () => asked.rcpt({ recipient: 'joe@example.com' });
  await assert.rejects(ask());
  answer = 200;
  assert.equal((await ask()).kind, 'continue');
  answer = 404;
  await asked.clock.advance(59_000);
  assert.equal((await ask()).kind, 'continue');
  await asked.clock.advance(1000);
  assert.equal((await ask()).kind, 'reject');
  assert.equal(asked.questions.length, 3);
});
