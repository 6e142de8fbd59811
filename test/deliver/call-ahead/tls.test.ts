// Servers are asked under TLS as the policy of their hop says: it is carried out by the line of deliveries.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HopTlsPolicy } from '../../../src/values/tls-policy.ts';
import { cert, key } from '../certificate.ts';
import { MailServer } from '../mail-server.ts';
import { hopAt, poolOf } from './fixture.ts';

const required: HopTlsPolicy = {
  level: 'required',
  from: 'configuration',
  policyDomain: 'mx.test',
  serverName: 'mx.test',
  names: [],
  fingerprints: [],
  tlsa: [],
  implicit: false,
  needsRequireTls: false,
  settings: '',
};

test('a question goes under TLS where it must, on a connection that is used again', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [{ ...hopAt(server.port), tls: required }], { connections: 1 });
  const first = pool.ask('a@b.test');
  const peer = await server.accept();
  await peer.hello('STARTTLS');
  await peer.dialogue(['STARTTLS', '220 go']);
  await peer.underTls({ cert, key });
  await peer.dialogue(
    ['EHLO sluice.test', '250 mx.test'],
    ['MAIL FROM:<>', '250 ok'],
    ['RCPT TO:<a@b.test>', '250 ok'],
    ['RSET', '250 ok'],
  );
  assert.equal((await first).kind, 'accepted');
  const second = pool.ask('c@b.test');
  await peer.dialogue(['MAIL FROM:<>', '250 ok'], ['RCPT TO:<c@b.test>', '550 5.1.1 no'], ['RSET', '250 ok']);
  assert.equal((await second).kind, 'refused');
});

test('without TLS where it must be there, nothing is asked', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [{ ...hopAt(server.port), tls: required }]);
  const asked = pool.ask('a@b.test');
  const peer = await server.accept();
  await peer.hello();
  const outcome = await asked;
  assert.ok(outcome.kind === 'unasked' && /STARTTLS/u.test(outcome.reason), JSON.stringify(outcome));
  assert.doesNotMatch(peer.received.toString(), /MAIL|RCPT/u);
});
