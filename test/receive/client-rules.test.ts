// Rules for clients, in real SMTP sessions.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ClientRulesStage } from '../../src/policy/stages/client-rules-stage.ts';
import type { RuleTable } from '../../src/table/rules/rule-table.ts';
import { readRules } from '../table/rules/open-rules.ts';
import { envelope, greeted, start } from './fixture.ts';

async function ruled(t: TestContext, text: string, options: Parameters<typeof start>[1] = {}) {
  const { rules } = await readRules(t, text);
  const table: RuleTable = { rules: () => ({ kind: 'rules', rules }) };
  const firstStages = [{ stage: new ClientRulesStage(table) }];
  return start(t, { networks: ['10.0.0.0'], ...options, firstStages });
}

test('a client that is denied hears so in place of a greeting', async (t) => {
  for (const [text, expected] of [
    ['127.0.0.1 deny', '554 5.7.1 No mail is taken from you'],
    [
      '127.0.0.0/8 deny You send spam, see https://example.org/spam',
      '554 5.7.1 You send spam, see https://example.org/spam',
    ],
    ['* defer', '421 4.7.1 mx.example.org No mail is taken from you now, try again later'],
  ] as const) {
    const fixture = await ruled(t, text);
    const client = await fixture.client();
    assert.equal(await client.reply(), expected);
    assert.equal(await client.reply(), '');
    assert.ok(client.ended);
    assert.match(fixture.log.join(''), /"command":"CONNECT","stage":"client-rules"/);
  }
});

test('a client that may relay by a rule may send to anyone, and others may not', async (t) => {
  for (const [text, expected] of [
    ['127.0.0.1 relay', /^250/],
    ['127.0.0.1 allow', /^550 5\.7\.1 Relaying denied$/],
    ['127.0.0.2 relay', /^550 5\.7\.1 Relaying denied$/],
  ] as const) {
    const client = await greeted(await ruled(t, text));
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), expected, text);
  }
});

test('a client that may relay by a rule has what relay_networks give: odd commands, and its mail is completed', async (t) => {
  const fixture = await ruled(t, '127.0.0.1 relay', { completesMail: true });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM: printer\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:joe\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('Subject: ink\r\n\r\nempty\r\n.\r\n'), /^250/);
  assert.equal(fixture.submitted[0]?.reversePath, 'printer@mx.example.org');
  assert.deepEqual(fixture.submitted[0].recipients, ['joe@mx.example.org']);
});

test('what the rule appends is appended to each recipient', async (t) => {
  const fixture = await ruled(t, '127.0.0.1 relay=@fax.example');
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  for (const path of ['joe@example.com', '"j d"@example.com', 'Postmaster', 'postmaster@mx.example.org'])
    assert.match(await client.ask(`RCPT TO:<${path}>\r\n`), /^250/, path);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('Subject: a\r\n\r\nb\r\n.\r\n'), /^250/);
  assert.deepEqual(fixture.submitted[0]?.recipients, [
    '"joe@example.com"@fax.example',
    '"j d@example.com"@fax.example',
    'Postmaster@fax.example',
    '"postmaster@mx.example.org"@fax.example',
  ]);
});

test('the largest message of a rule is announced and enforced, whether it is smaller or larger than the usual one', async (t) => {
  for (const [text, size, tooLarge] of [
    ['127.0.0.1 size=2KiB', 'SIZE 2048', 2049],
    ['127.0.0.1 size=2MiB', 'SIZE 2097152', 2_097_153],
    ['127.0.0.1 allow', 'SIZE 1000000', 1_000_001],
  ] as const) {
    const fixture = await ruled(t, text);
    const client = await fixture.client();
    assert.match(await client.reply(), /^220/);
    assert.ok((await client.ask('EHLO a\r\n')).split(/\r\n250[- ]/u).includes(size), text);
    assert.match(await client.ask(`MAIL FROM:<a@example.net> SIZE=${tooLarge}\r\n`), /^552 5\.3\.4/);
    assert.match(await client.ask(`MAIL FROM:<a@example.net> SIZE=${tooLarge - 1}\r\n`), /^250/);
    assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
    assert.match(await client.ask('DATA\r\n'), /^354/);
    const line = `${'x'.repeat(998)}\r\n`;
    client.send(line.repeat(Math.ceil(tooLarge / 1000) + 1));
    assert.match(await client.ask('.\r\n'), /^552 5\.3\.4/, text);
    await envelope(client);
    client.send(line.repeat(Math.floor((tooLarge - 1) / 1000)));
    assert.match(await client.ask('.\r\n'), /^250/, text);
    assert.equal(fixture.submitted.length, 1);
  }
});

test('a rule without a limit of size announces none', async (t) => {
  const client = await (await ruled(t, '127.0.0.1 size=none')).client();
  assert.match(await client.reply(), /^220/);
  assert.match(await client.ask('EHLO a\r\n'), /^250-SIZE\r$/mu);
  assert.match(await client.ask('MAIL FROM:<a@example.net> SIZE=2000000\r\n'), /^250/);
});

test('without a table that can tell, clients are asked to come again', async (t) => {
  const table: RuleTable = { rules: () => Promise.resolve({ kind: 'failing', reason: 'it is not there' }) };
  const fixture = await start(t, { firstStages: [{ stage: new ClientRulesStage(table) }] });
  const client = await fixture.client();
  const expected = '421 4.3.0 mx.example.org The rules for clients cannot be read now, try again later';
  assert.equal(await client.reply(), expected);
});
