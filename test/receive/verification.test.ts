// Mail of others is verified in real SMTP sessions: what the header, the log and the answers say, and what becomes of the message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signMessage } from '../dkim/support.ts';
import { greeted } from './fixture.ts';
import { pass, turns } from './stage-fixture.ts';
import { key, message, send, stored, verifying } from './verification-fixture.ts';

test('results of all methods are on top of the message, in the log, and known to later stages', async (t) => {
  const ground = await verifying(t);
  const signed = signMessage(message, key.privateKey, { domain: 'sender.test', selector: 's' });
  assert.match(await send(ground.client, signed), /^250/);
  const signature = /b=([A-Za-z0-9+/]{8})/.exec(signed.toString('latin1').replaceAll(/\r\n[ \t]+/g, ''))?.[1];
  assert.equal(
    stored(ground).slice(0, stored(ground).indexOf('Received:')),
    [
      'Authentication-Results: mx.example.org;',
      '\tiprev=pass policy.iprev=127.0.0.1 policy.iprev-name=client.test;',
      '\tspf=pass smtp.mailfrom=sender.test;',
      '\tspf=none smtp.helo=client.example;',
      `\tdkim=pass header.d=sender.test header.s=s header.a=ed25519-sha256 header.b="${signature}";`.replace(
        /="([A-Za-z0-9+]+)"/,
        '=$1',
      ),
      '\tdmarc=pass header.from=sender.test policy.dmarc=reject',
      '',
    ].join('\r\n'),
  );
  assert.ok(stored(ground).includes(signed.toString('latin1')));
  assert.deepEqual(ground.results, [
    {
      iprev: 'pass',
      clientName: 'client.test',
      spf: 'pass',
      spfDomain: 'sender.test',
      spfHelo: 'none',
      dkim: 'pass',
      dkimDomains: 'sender.test',
      dmarc: 'pass',
      dmarcPolicy: 'reject',
      author: 'sender.test',
      arc: '',
      action: 'mark',
    },
  ]);
  const [event] = ground.events;
  assert.deepEqual(
    { ...event, spfReason: '' },
    {
      event: 'verified',
      id: 'ID1',
      from: 'a@sender.test',
      client: '127.0.0.1',
      helo: 'client.example',
      spf: 'pass',
      spfDomain: 'sender.test',
      spfReason: '',
      spfHelo: 'none',
      dkim: ['pass sender.test/s'],
      dmarc: 'pass',
      dmarcPolicy: 'reject',
      author: 'sender.test',
      arc: undefined,
      arcSealers: undefined,
      iprev: 'pass',
      clientName: 'client.test',
      action: 'mark',
      wouldBe: undefined,
      rule: undefined,
    },
  );
});

test('mail of clients that may relay is not verified, and no name server is asked', async (t) => {
  const ground = await verifying(t, { spfFail: 'reject' }, { networks: ['127.0.0.0'] });
  assert.match(await send(ground.client, message, 'a@other.test'), /^250/);
  assert.match(stored(ground), /^Received:/);
  assert.deepEqual(ground.asked, []);
  assert.deepEqual(ground.events, []);
  // Nor is its header kept apart, which has a limit.
  const large = `X: ${'y'.repeat(900)}\r\n`.repeat(600);
  assert.match(await send(ground.client, `${large}${message.toString()}`), /^250/);
  const strange = await verifying(t);
  assert.match(await send(strange.client, `${large}${message.toString()}`), /^552 5\.3\.4 /);
});

test('a log-in in the middle of a session counts from the next message on', async (t) => {
  const ground = await verifying(t, { spfFail: 'reject' });
  const { client, events } = ground;
  assert.match(await send(client, message, 'a@other.test'), /^550 5\.7\.23 /);
  const login = Buffer.from('\0joe@example.com\0pencil').toString('base64');
  assert.match(await client.ask(`AUTH PLAIN ${login}\r\n`), /^235/);
  assert.match(await send(client, message, 'a@other.test'), /^250/);
  assert.match(stored(ground), /^Received:/);
  assert.equal(events.length, 1);
});

test('users cannot forge results, and their mail is not verified', async (t) => {
  const ground = await verifying(t);
  const { client } = ground;
  const login = Buffer.from('\0joe@example.com\0pencil').toString('base64');
  assert.match(await client.ask(`AUTH PLAIN ${login}\r\n`), /^235/);
  const forged = 'Authentication-Results: mx.example.org; dmarc=pass header.from=bank.test\r\n';
  const other = 'Authentication-Results: mx.other.test; dmarc=pass\r\n';
  assert.match(await send(client, `${forged}${other}${forged}${message.toString()}`), /^250/);
  const text = stored(ground);
  assert.ok(text.includes(other));
  assert.doesNotMatch(text, /bank\.test/);
  assert.deepEqual(ground.asked, []);
});

test('forged results with our name are removed, and those of others stay', async (t) => {
  const ground = await verifying(t);
  const forged = [
    'mx.example.org; dmarc=pass',
    ' MX.Example.ORG 1; spf=pass',
    '(a comment (nested\\)) )mx.example.org(another) 2 ;\r\n\tdkim=pass',
    '"mx.example.org"; spf=pass',
    'mx(.).example.org; spf=pass',
    '\r\n mx.example.org;none',
    'mx.example.org',
    'mx.example.org dmarc=pass',
    'mx.example.org/1; dmarc=pass',
    `(${'x'.repeat(500)}) mx.example.org; spf=pass`,
  ].map((value) => `Authentication-Results: ${value}\r\n`);
  const kept = [
    'mx.example.org.evil.test; spf=pass',
    'other.example.org; none',
    'notmx.example.org; none',
  ].map((value) => `authentication-results: ${value}\r\n`);
  const content = `${forged.join('')}${kept.join('')}AUTHENTICATION-RESULTS : mx.example.org; x=pass\r\n${message.toString()}`;
  assert.match(await send(ground.client, content), /^250/);
  const text = stored(ground);
  assert.equal(text.match(/^authentication-results/gim)?.length, 1 + kept.length);
  for (const field of kept) assert.ok(text.includes(field), field);
  assert.match(text, /^Authentication-Results: mx\.example\.org;\r\n\tiprev=/);
});

test('a message with very many forged results, or hidden ones, is refused', async (t) => {
  const ground = await verifying(t);
  const forged = 'Authentication-Results: mx.example.org; dmarc=pass\r\n';
  assert.match(await send(ground.client, forged.repeat(100) + message.toString()), /^250/);
  assert.match(await send(ground.client, forged.repeat(101) + message.toString()), /^550 5\.6\.0 /);
  const hidden = `From: <a@sender.test>\r\nno field\r\n${forged}\r\nx`;
  assert.match(await send(ground.client, hidden), /^550 5\.6\.0 /);
});

test('nothing that a client says can end the field or forge a result', async (t) => {
  const ground = await verifying(t);
  const { client } = ground;
  assert.match(await client.ask('EHLO x;spf=pass(\\"\r\n'), /^(250|501)/);
  const content =
    'From: "x\\"; dmarc=pass" <a@b;dkim=pass>, <q@"x>\r\nDKIM-Signature: v=1; d=x\\";dmarc=pass; s=(\r\n\r\nx';
  assert.match(await send(client, content), /^250/);
  const field = /^Authentication-Results: [^]*?\r\n(?![ \t])/.exec(stored(ground))?.[0] ?? '';
  assert.match(field, /\tdmarc=permerror\r\n\t reason="From has something that is no address"/);
  // Without quoted strings, each result is one of ours.
  const results = field
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .split(';')
    .slice(1)
    .map((result) => result.trim().split('=')[0]);
  assert.deepEqual([...new Set(results)], ['iprev', 'spf', 'dkim', 'dmarc']);
});

test('a fail of SPF is refused before the content, with the explanation of the domain', async (t) => {
  const ground = await verifying(t, { spfFail: 'reject' });
  assert.equal(
    await send(ground.client, message, 'a@other.test'),
    '550 5.7.23 127.0.0.1 may not send mail for other.test (SPF); other.test explains: use mx.other.test',
  );
  assert.deepEqual(ground.fixture.spool.kept, []);
  assert.deepEqual(
    ground.events.map(({ spf, action, rule, dmarc }) => ({ spf, action, rule, dmarc })),
    [{ spf: 'fail', action: 'reject', rule: 'spf_fail', dmarc: undefined }],
  );
  assert.match(
    ground.fixture.log.find((line) => line.includes('"rejected"')) ?? '',
    /"stage":"verification"/,
  );
  // The session goes on.
  assert.match(await send(ground.client, message), /^250/);
});

test('mail that fails DMARC is treated as the owner of the domain asks', async (t) => {
  const ground = await verifying(t, { dmarcFail: 'policy' });
  const from = (domain: string) => `From: <a@${domain}>\r\n\r\nx`;
  assert.equal(
    await send(ground.client, from('sender.test'), 'a@other.test'),
    '550 5.7.1 The message is not authenticated for sender.test (DMARC)',
  );
  assert.match(await send(ground.client, from('held.test'), 'a@other.test'), /^250/);
  assert.equal(
    ground.fixture.spool.kept[0]?.envelope.quarantine,
    'verification: dmarc_fail (no authenticated domain is aligned with held.test)',
  );
  assert.match(await send(ground.client, from('sender.test')), /^250/);
  assert.equal(ground.fixture.spool.kept[1]?.envelope.quarantine, undefined);
});

test('a message without a signature is refused when its header is there, and its body is not stored', async (t) => {
  const ground = await verifying(t, { dmarcFail: 'policy' });
  const large = `From: <a@sender.test>\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(3000)}`;
  assert.match(await send(ground.client, large, 'a@other.test'), /^550 5\.7\.1 /);
  assert.equal(ground.fixture.spool.writes, 0);
});

test('a signature that was broken on the way does not pass, and the message is refused after its content', async (t) => {
  const ground = await verifying(t, { dmarcFail: 'policy' });
  const signed = signMessage(message, key.privateKey, { domain: 'sender.test', selector: 's' });
  assert.match(await send(ground.client, signed, 'a@other.test'), /^250/);
  const broken = signed.toString('latin1').replace('Hello', 'Hallo');
  assert.match(await send(ground.client, broken, 'a@other.test'), /^550 5\.7\.1 /);
});

test('the body of a large message is verified', async (t) => {
  const ground = await verifying(t);
  const body = `${'x'.repeat(70)}\r\n`.repeat(3000);
  const large = Buffer.concat([message, Buffer.from(body)]);
  const signed = signMessage(large, key.privateKey, { domain: 'sender.test', selector: 's' });
  assert.match(await send(ground.client, signed.subarray(0, -2)), /^250/);
  assert.equal(ground.fixture.spool.kept[0]?.large, true);
  assert.match(stored(ground), /\tdkim=pass header\.d=sender\.test/);
});

test('while the DNS fails, mail is accepted with a temporary error, or deferred by choice', async (t) => {
  const ground = await verifying(t);
  const content = 'From: <a@failing.test>\r\n\r\nx';
  assert.match(await send(ground.client, content, 'a@failing.test'), /^250/);
  assert.match(
    stored(ground),
    /\tspf=temperror\r\n\t reason="[^"]*servfail[^"]*" smtp\.mailfrom=failing\.test;/,
  );
  assert.match(stored(ground), /\tdmarc=temperror\r\n\t reason=/);
  const strict = await verifying(t, { dmarcTemperror: 'tempfail', dmarcFail: 'reject' });
  assert.match(
    await send(strict.client, content, 'a@failing.test'),
    /^451 4\.7\.1 The DMARC policy of failing\.test cannot be checked now; try again later/,
  );
});

test('a load balancer that cannot tell its client is not taken for the client', async (t) => {
  const ground = await verifying(
    t,
    { spfFail: 'reject', dmarcFail: 'reject', iprevFail: 'reject' },
    { isUntold: true },
  );
  assert.match(await send(ground.client, message), /^250/);
  assert.match(stored(ground), /\tiprev=temperror\r\n/);
  assert.match(stored(ground), /\tspf=temperror\r\n\t reason="the front end has not told the client"/);
  assert.ok(!ground.asked.some((asked) => asked.startsWith('PTR')));
});

test('a name server that does not answer delays nobody for longer than the time limit', async (t) => {
  const never = () => new Promise<never>(() => {});
  const lookups = { txt: never, addresses: never, mx: never, ptr: never };
  const ground = await verifying(t, { spfFail: 'reject' }, { lookups });
  const { client, fixture } = ground;
  assert.match(await client.ask('MAIL FROM:<a@sender.test>\r\n'), /^250/);
  // Nobody waits at RCPT.
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  client.send('DATA\r\n');
  await pass(fixture, 10_000);
  await pass(fixture, 11_000);
  assert.match(await client.reply(), /^354/);
  client.send('From: <a@sender.test>\r\n\r\nx\r\n.\r\n');
  await turns();
  // What the header asks for has its own time.
  await pass(fixture, 10_000);
  await pass(fixture, 11_000);
  assert.match(await client.reply(), /^250/);
  assert.match(stored(ground), /spf=temperror/);
  assert.match(stored(ground), /reason="[^"]*no answer within the 20 s that/);
  assert.deepEqual(fixture.troubles.list, []);
});

test('a client that waits is judged as any other', async (t) => {
  const ground = await verifying(t, { dmarcFail: 'policy' });
  const { client, fixture } = ground;
  const wait = async (): Promise<void> => {
    await pass(fixture, 15_000);
    await pass(fixture, 15_000);
  };
  assert.match(await client.ask('MAIL FROM:<a@other.test>\r\n'), /^250/);
  await wait();
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  await wait();
  assert.match(await client.ask('From: <a@sender.test>\r\n\r\nx\r\n.\r\n'), /^550 5\.7\.1 .*DMARC/);
  // Whether sender.test is of the organization of held.test is looked up at the end.
  assert.match(await client.ask('MAIL FROM:<a@sender.test>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  client.send('From: <a@held.test>\r\n\r\n');
  await turns();
  await wait();
  assert.match(await client.ask('x\r\n.\r\n'), /^250/);
  assert.match(stored(ground), /\tdmarc=fail\r\n/);
  assert.equal(ground.events.at(-1)?.['action'], 'quarantine');
});

test('a From that is missing, doubled or has several authors never passes unless each of them does', async (t) => {
  const ground = await verifying(t, { dmarcPermerror: 'reject', dmarcFail: 'policy' });
  let { client } = ground;
  const refused = /^550 5\.7\.1 The message does not say properly who wrote it: /;
  assert.match(await send(client, 'Subject: x\r\n\r\nx'), refused);
  assert.match(await send(client, 'From: <a@sender.test>\r\nfrom: <a@sender.test>\r\n\r\nx'), refused);
  assert.match(await send(client, 'From: group: ;\r\n\r\nx'), refused);
  client.send('QUIT\r\n');
  client = await greeted(ground.fixture);
  assert.match(await send(client, 'From: a\r\n\r\nx'), refused);
  assert.match(await send(client, 'From: <a@[127.0.0.1]>\r\n\r\nx'), refused);
  const hidden = 'From: <a@sender.test>\r\nno field\r\nFrom: <b@held.test>\r\n\r\nx';
  assert.match(await send(client, hidden), refused);
  assert.match(await send(client, 'From: <a@nobody.test>, <b@held.test>\r\n\r\nx'), /^250/);
  assert.match(ground.fixture.spool.kept.at(-1)?.envelope.quarantine ?? '', /aligned with held\.test/);
  assert.match(await send(client, 'From: <a@sender.test>, <b@sender.test>\r\n\r\nx'), /^250/);
  assert.match(stored(ground), /\tdmarc=pass header\.from=sender\.test/);
});

test('a test says what would have happened, and nothing happens', async (t) => {
  const all = { spfFail: 'reject', dmarcFail: 'policy', iprevFail: 'tempfail' } as const;
  const ground = await verifying(t, all, { isTest: true });
  assert.match(await send(ground.client, message, 'a@other.test'), /^250/);
  assert.match(
    stored(ground),
    /^Authentication-Results: mx\.example\.org\r\n\t\(test: dmarc_fail would reject\);\r\n\tiprev=pass/,
  );
  assert.deepEqual(
    ground.events.map(({ action, wouldBe, rule }) => ({ action, wouldBe, rule })),
    [{ action: undefined, wouldBe: 'reject', rule: 'dmarc_fail' }],
  );
  assert.match(await send(ground.client, message), /^250/);
  assert.match(stored(ground), /^Authentication-Results: mx\.example\.org\r\n\t\(test: no consequence\);/);
});

test('a result with the action "accept" is only logged', async (t) => {
  const ground = await verifying(t, {
    spfFail: 'accept',
    iprevFail: 'accept',
    dmarcFail: 'accept',
    dkimNone: 'accept',
  });
  assert.match(await send(ground.client, message, 'a@other.test'), /^250/);
  assert.match(
    stored(ground),
    /^Authentication-Results: mx\.example\.org;\r\n\tiprev=pass [^;]*\r\nReceived:/,
  );
  assert.equal(ground.events[0]?.['spf'], 'fail');
});
