// The test of dns-lists.ts. Run it by: sluice plugin test dns-lists.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageAfter, testPlugin } from 'sluice/plugin/testing';
import plugin from './dns-lists.ts';

const options = { lists: { 'bad.example': 6, 'odd.example': 5, 'good.example': -8 } };
const on = { a: ['127.0.0.2'] };
const message = 'Subject: x\r\n\r\n';

test('a client on no list goes on', async () => {
  await using asked = await testPlugin(plugin, { options });
  assert.deepEqual(await asked.mail({ client: { address: '2001:db8::1' } }), { kind: 'continue' });
});

test('the weights of lists add up', async () => {
  const dns = { '1.2.0.192.bad.example': on, '1.2.0.192.odd.example': on };
  await using asked = await testPlugin(plugin, { options, dns });
  assert.deepEqual(await asked.mail(), {
    kind: 'reject',
    reply: { code: 554, enhanced: '5.7.1', text: ['192.0.2.1 is on bad.example, odd.example'] },
  });
});

test('one list holds the message, and a good list outweighs it', async () => {
  const dns: Record<string, typeof on> = { '1.2.0.192.odd.example': on };
  await using asked = await testPlugin(plugin, { options, dns });
  const held = await asked.mail();
  assert.equal(held.kind === 'quarantine' && held.reason, 'DNS lists: odd.example');
  assert.equal(messageAfter(message, held), `X-DNS-Lists: 5 (odd.example)\r\n${message}`);
  dns['1.2.0.192.good.example'] = on;
  const verdict = await asked.mail();
  assert.equal(verdict.kind, 'continue');
  assert.equal(messageAfter(message, verdict), `X-DNS-Lists: -3 (odd.example, good.example)\r\n${message}`);
});

test('a list that fails, or that refuses this resolver, weighs nothing', async () => {
  const dns = {
    '1.2.0.192.bad.example': 'failing',
    '1.2.0.192.odd.example': { a: ['127.255.255.254'] },
  } as const;
  await using asked = await testPlugin(plugin, { options, dns });
  assert.deepEqual(await asked.mail(), { kind: 'continue' });
  assert.match(asked.logged.join('\n'), /^bad\.example: /u);
});
