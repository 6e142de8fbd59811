// The test of webhook.ts. Run it by: sluice plugin test webhook.ts

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { type FakeHttpAnswer, testPlugin } from 'sluice/plugin/testing';
import plugin from './webhook.ts';

const url = 'https://hooks.example/mail';

test('the events of a second are one request, which is signed', async () => {
  await using asked = await testPlugin(plugin, { options: { url, secret: 'key' }, http: { [url]: 204 } });
  await asked.attempt({ outcome: 'delivered', recipient: 'a@example.com' });
  await asked.attempt({ outcome: 'deferred', recipient: 'b@example.com' });
  await asked.attempt({ outcome: 'failed', recipient: 'c@example.com' });
  await asked.clock.advance(3000);
  assert.equal(asked.questions.length, 1);
  const [question] = asked.questions;
  const events = JSON.parse(question?.body ?? '') as { outcome: string; recipient: string }[];
  assert.deepEqual(
    events.map(({ outcome, recipient }) => [outcome, recipient]),
    [
      ['delivered', 'a@example.com'],
      ['failed', 'c@example.com'],
    ],
  );
  const signature = createHmac('sha256', 'key')
    .update(question?.body ?? '')
    .digest('hex');
  assert.equal(question?.headers['x-signature'], signature);
});

test('events wait while the service does not take them', async () => {
  let answer: FakeHttpAnswer = 'failing';
  await using asked = await testPlugin(plugin, { options: { url }, http: () => answer });
  await asked.attempt({ outcome: 'delivered' });
  await asked.clock.advance(1000);
  answer = 503;
  await asked.clock.advance(1000);
  assert.match(asked.logged.at(-1) ?? '', /answered 503; 1 events wait/u);
  answer = 200;
  await asked.clock.advance(2000);
  assert.equal(asked.questions.length, 3);
});

test('more than 10,000 events are not kept', async () => {
  await using asked = await testPlugin(plugin, { options: { url }, http: () => 200 });
  for (let sent = 0; sent < 10_003; sent++) await asked.attempt({ outcome: 'delivered' });
  await asked.clock.advance(15_000);
  assert.ok(asked.logged.includes('3 events were dropped'));
  assert.equal(asked.questions.length, 10);
});
