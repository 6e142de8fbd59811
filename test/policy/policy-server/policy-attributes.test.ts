// What a policy server is told at each point of a session.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import { selfSigned } from '../../support/certificates.ts';
import { policyPoints } from '../../../src/values/policy-points.ts';
import { greeted, sendMessage } from '../milter/milter-fixture.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { receiverAsking } from './policy-fixture.ts';
import { ScriptedPolicyServer } from './scripted-policy-server.ts';

/** Those that are the same in each of these sessions. */
const usual = {
  request: 'smtpd_access_policy',
  protocol_name: 'ESMTP',
  client_address: '127.0.0.1',
  client_name: 'localhost',
  reverse_client_name: 'localhost',
  server_address: '127.0.0.1',
  helo_name: 'client.test',
  sender: '',
  recipient: '',
  recipient_count: '0',
  queue_id: '',
  size: '0',
  etrn_domain: '',
  stress: '',
  sasl_method: '',
  sasl_username: '',
  sasl_sender: '',
  ccert_subject: '',
  ccert_issuer: '',
  ccert_fingerprint: '',
  ccert_pubkey_fingerprint: '',
  encryption_protocol: '',
  encryption_cipher: '',
  encryption_keysize: '0',
  policy_context: '',
  compatibility_level: '3.6',
  mail_version: 'Sluice 0.1.0',
  tls_sni: '',
};

/** Without what each session has of its own. */
function plain(question: ReadonlyMap<string, string>): Record<string, string> {
  const { client_port, server_port, instance, ...rest } = Object.fromEntries(question);
  assert.match(client_port ?? '', /^\d+$/);
  assert.match(server_port ?? '', /^\d+$/);
  assert.match(instance ?? '', /^[0-9a-f]+\.[0-9a-f]+\.[0-9a-f]+(?:\.ID\d+)?$/);
  return rest;
}

test('at each point it is told what is known then', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const client = await greeted(await receiverAsking(t, [server], { at: policyPoints }));
  const content = 'Subject: x\r\n\r\nHello\r\n';
  await client.ask('MAIL FROM:<a@example.com> SIZE=999 BODY=8BITMIME\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('DATA\r\n');
  assert.match(await client.ask(`${content}.\r\n`), /^250 /);
  const inMessage = { ...usual, sender: 'a@example.com', queue_id: 'ID1', size: '999' };
  assert.deepEqual(server.questions.map(plain), [
    { ...usual, protocol_state: 'CONNECT', protocol_name: 'SMTP', helo_name: '' },
    { ...usual, protocol_state: 'EHLO' },
    { ...inMessage, protocol_state: 'MAIL' },
    { ...inMessage, protocol_state: 'RCPT', recipient: 'b@example.com' },
    { ...inMessage, protocol_state: 'DATA', recipient: 'b@example.com', recipient_count: '1' },
    {
      ...inMessage,
      protocol_state: 'END-OF-MESSAGE',
      recipient: 'b@example.com',
      recipient_count: '1',
      size: String(content.length),
    },
  ]);
});

test('attributes come in the order of Postfix', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  await sendMessage(await greeted(await receiverAsking(t, [server])));
  assert.deepEqual([...(server.questions[0]?.keys() ?? [])].slice(0, 17), [
    'request',
    'protocol_state',
    'protocol_name',
    'client_address',
    'client_name',
    'client_port',
    'reverse_client_name',
    'server_address',
    'server_port',
    'helo_name',
    'sender',
    'recipient',
    'recipient_count',
    'queue_id',
    'instance',
    'size',
    'etrn_domain',
  ]);
});

test('of several recipients each is named at RCPT, and none after that', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const client = await greeted(await receiverAsking(t, [server], { at: ['rcpt', 'data'] }));
  await sendMessage(client, { to: ['b@example.com', 'c@example.com'] });
  assert.deepEqual(
    server.questions.map((each) => [
      each.get('protocol_state'),
      each.get('recipient'),
      each.get('recipient_count'),
    ]),
    [
      ['RCPT', 'b@example.com', '0'],
      ['RCPT', 'c@example.com', '0'],
      ['DATA', '', '2'],
    ],
  );
});

test('an instance is a message, for every server and every recipient', async (t) => {
  const servers = [await ScriptedPolicyServer.start(t), await ScriptedPolicyServer.start(t)];
  const fixture = await receiverAsking(t, servers, { at: ['connect', 'rcpt', 'end-of-data'] });
  const clients = [await greeted(fixture), await greeted(fixture)];
  for (const client of clients) {
    await sendMessage(client, { to: ['b@example.com', 'c@example.com'] });
    await sendMessage(client);
  }
  const instances = servers.map(({ questions }) => questions.map((each) => each.get('instance')));
  assert.deepEqual(instances[0], instances[1]);
  // Two sessions, and four messages with 3, 2, 3 and 2 questions.
  assert.equal(instances[0]?.length, 12);
  assert.equal(new Set(instances[0]).size, 6);
});

test('a sender of bounces is empty, HELO is no EHLO, and the context is told', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const fixture = await receiverAsking(t, [server], {
    at: ['helo', 'mail'],
    attributes: { context: 'in', program: 'Sluice 0.1.0' },
  });
  const client = await fixture.client();
  await client.reply();
  await client.ask('HELO client.test\r\n');
  await client.ask('MAIL FROM:<>\r\n');
  assert.deepEqual(server.questions.map(plain), [
    { ...usual, protocol_state: 'HELO', protocol_name: 'SMTP', policy_context: 'in' },
    { ...usual, protocol_state: 'MAIL', protocol_name: 'SMTP', policy_context: 'in', queue_id: 'ID1' },
  ]);
});

test('under TLS it is told of the connection, and of a certificate that counts', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const { key, chain } = selfSigned({ names: ['client.test'] });
  const certificate = new X509Certificate(chain);
  const fixture = await receiverAsking(
    t,
    [server],
    { at: ['mail'] },
    { tls: 'offered', relayCertificates: [certificate.fingerprint256.replaceAll(':', '').toLowerCase()] },
  );
  const client = await greeted(fixture);
  await client.ask('STARTTLS\r\n');
  await client.secure({ key, cert: chain, servername: 'mx.example.org' });
  await client.ask('EHLO client.test\r\n');
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  const [question] = server.questions;
  assert.equal(question?.get('encryption_protocol'), 'TLSv1.3');
  assert.equal(question.get('encryption_cipher'), 'TLS_AES_256_GCM_SHA384');
  assert.equal(question.get('encryption_keysize'), '256');
  assert.equal(question.get('tls_sni'), 'mx.example.org');
  assert.equal(question.get('ccert_subject'), 'client.test');
  assert.equal(question.get('ccert_issuer'), 'client.test');
  assert.equal(question.get('ccert_fingerprint'), certificate.fingerprint256);
  assert.match(question.get('ccert_pubkey_fingerprint') ?? '', /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

test('names of clients are those of the DNS, verified and claimed', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const found = [
    { kind: 'names', names: ['mail.client.test'] },
    { kind: 'unconfirmed', claimed: 'liar.test' },
    { kind: 'none' },
  ] as const;
  let asked = 0;
  const fixture = await receiverAsking(
    t,
    [server],
    { names: { of: () => Promise.resolve(found[asked++] ?? { kind: 'none' }) } },
    { balancers: ['127.0.0.0/8'] },
  );
  for (const { kind } of found) {
    const client = await fixture.client();
    client.send('PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n');
    await client.reply();
    await client.ask('EHLO client.test\r\n');
    await sendMessage(client);
    assert.equal(server.questions.at(-1)?.get('client_address'), '192.0.2.7', kind);
  }
  assert.deepEqual(
    server.questions.map((each) => [each.get('client_name'), each.get('reverse_client_name')]),
    [
      ['mail.client.test', 'mail.client.test'],
      ['unknown', 'liar.test'],
      ['unknown', 'unknown'],
    ],
  );
  assert.equal(server.questions[0]?.get('client_port'), '40000');
  assert.equal(server.questions[0]?.get('server_address'), '198.51.100.1');
});

test('a server may listen on a Unix-domain socket', async (t) => {
  const { path } = temporaryFolder(t, 'policy');
  const server = await ScriptedPolicyServer.start(t, undefined, join(path, 'policy.sock'));
  const replies = await sendMessage(await greeted(await receiverAsking(t, [server])));
  assert.match(replies.at(-1) ?? '', /^250 /);
  assert.deepEqual(server.states, ['RCPT']);
});
