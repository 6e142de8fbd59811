// The test of sender-rewriting.ts. Run it by: sluice plugin test sender-rewriting.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageAfter, testPlugin } from 'sluice/plugin/testing';
import plugin from './sender-rewriting.ts';

const options = {
  senders: {
    'root@db1.internal': 'alerts@example.com',
    'db2.internal': 'db@example.com',
    '*.internal': 'noreply@example.com',
  },
};
const client = { mayRelay: true };
const message = 'From: Cron <root@db1.internal>\r\nSubject: x\r\n\r\nHello\r\n';

test('sender and From are replaced, and the former sender is kept', async () => {
  await using asked = await testPlugin(plugin, { options });
  const verdict = await asked.headers({ client, sender: 'root@db1.internal', message });
  assert.equal(verdict.kind, 'continue');
  assert.deepEqual('edits' in verdict && verdict.edits?.[0], {
    kind: 'change-sender',
    address: 'alerts@example.com',
  });
  assert.equal(
    messageAfter(message, verdict),
    'X-Original-Sender: root@db1.internal\r\nFrom: Cron <alerts@example.com>\r\nSubject: x\r\n\r\nHello\r\n',
  );
});

test('the most specific entry counts', async () => {
  await using asked = await testPlugin(plugin, { options });
  for (const [sender, replacement] of [
    ['Root@DB1.internal', 'alerts@example.com'],
    ['joe@db1.internal', 'noreply@example.com'],
    ['joe@db2.internal', 'db@example.com'],
    ['joe@a.b.internal', 'noreply@example.com'],
  ] as const) {
    const verdict = await asked.headers({ client, sender });
    assert.deepEqual('edits' in verdict && verdict.edits?.[0], {
      kind: 'change-sender',
      address: replacement,
    });
  }
});

test('a From with another address stays, and so do other senders, bounces, and mail of strangers', async () => {
  await using asked = await testPlugin(plugin, { options });
  for (const address of ['joe@example.com', 'xroot@db1.internal', 'root@db1.internal.example']) {
    const other = `From: <${address}>\r\n\r\n`;
    const verdict = await asked.headers({ client, sender: 'root@db1.internal', message: other });
    assert.equal(messageAfter(other, verdict), `X-Original-Sender: root@db1.internal\r\n${other}`);
  }
  for (const sender of ['joe@internal', 'joe@example.com', '']) {
    assert.deepEqual(await asked.headers({ client, sender }), { kind: 'continue' });
  }
  assert.deepEqual(await asked.headers({ sender: 'root@db1.internal' }), { kind: 'continue' });
});
