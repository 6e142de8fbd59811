// Rules for clients, in real SMTP sessions.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ClientRulesStage } from '../../src/policy/stages/client-rules-stage.ts';
import type { RuleTable } from '../../src/table/rules/rule-table.ts';
import { readRules } from '../table/rules/open-rules.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import type { ConfirmedNames } from '../../src/dns/confirmed-names.ts';
import type { ClientNames } from '../../src/policy/client-names.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { goOn, type Stage } from '../../src/policy/stage.ts';
import { type Client, envelope, greeted, receiveSettings, secured, start } from './fixture.ts';

const usualMaxBytes = 1_000_000;
const nameless: Pick<ClientNames, 'of'> = { of: () => Promise.reject(new Error('No name is asked for.')) };

/** Names of clients as the DNS tells them. */
function named(found: ConfirmedNames): Pick<ClientNames, 'of'> & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    of: (address) => {
      asked.push(address);
      return Promise.resolve(found);
    },
  };
}

async function ruled(
  t: TestContext,
  text: string,
  { names = nameless, ...options }: Parameters<typeof start>[1] & { names?: Pick<ClientNames, 'of'> } = {},
) {
  const { rules } = await readRules(t, text);
  const table: RuleTable = { rules: () => ({ kind: 'rules', rules }) };
  const firstStages = [{ stage: new ClientRulesStage(table, names, usualMaxBytes) }];
  return start(t, { networks: ['10.0.0.0'], ...options, firstStages });
}

async function relays(client: Client): Promise<string> {
  assert.match(await client.ask('MAIL FROM:<joe@example.com>\r\n'), /^250/);
  const reply = await client.ask('RCPT TO:<b@elsewhere.example>\r\n');
  assert.match(await client.ask('RSET\r\n'), /^250/);
  return reply;
}

/** The largest message that the answer to EHLO announces. */
async function announced(client: Client): Promise<number> {
  return Number(/^250-SIZE (\d+)\r?$/mu.exec(await client.ask('EHLO a.example\r\n'))?.[1]);
}

function plain(login: string): string {
  return `AUTH PLAIN ${Buffer.from(`\0${login}\0pencil`).toString('base64')}\r\n`;
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

test('a rule takes the right to relay from nobody', async (t) => {
  const client = await greeted(await ruled(t, '127.0.0.1 size=2KiB', { networks: ['127.0.0.0'] }));
  assert.match(await relays(client), /^250/);
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
  const fixture = await start(t, {
    firstStages: [{ stage: new ClientRulesStage(table, nameless, usualMaxBytes) }],
  });
  const client = await fixture.client();
  const expected = '421 4.3.0 mx.example.org The rules for clients cannot be read now, try again later';
  assert.equal(await client.reply(), expected);
});

test('a rule by name holds for a client whose verified name it is', async (t) => {
  for (const [text, found, expected] of [
    ['mail.partner.example relay', { kind: 'names', names: ['mail.partner.example'] }, /^250/],
    ['*.partner.example relay', { kind: 'names', names: ['x.test', 'mail.partner.example'] }, /^250/],
    ['*.partner.example relay', { kind: 'names', names: ['partner.example'] }, /^550 5\.7\.1/],
    ['*.partner.example relay', { kind: 'unconfirmed' }, /^550 5\.7\.1/],
    ['named relay', { kind: 'none' }, /^550 5\.7\.1/],
    ['named relay', { kind: 'names', names: ['any.example'] }, /^250/],
  ] as const) {
    const names = named(found);
    const client = await greeted(await ruled(t, text, { names }));
    assert.match(await relays(client), expected, text);
    assert.deepEqual(names.asked, ['127.0.0.1']);
  }
});

test('a name is looked up only where it could change something', async (t) => {
  for (const [text, isAsked] of [
    ['127.0.0.0/8 relay', false],
    ['127.0.0.1 relay\nmail.example deny', false],
    ['127.0.0.0/8 relay\n*.example deny\nnamed deny', false],
    ['127.0.0.0/8 relay\nmail.example deny', true],
    ['* relay\n*.example deny', true],
    ['user:joe deny\nlocal deny', false],
  ] as const) {
    const names = named({ kind: 'none' });
    await greeted(await ruled(t, text, { names }));
    assert.equal(names.asked.length > 0, isAsked, text);
  }
});

test('a name that cannot be looked up passes no rule that refuses, and refuses nothing for good', async (t) => {
  const names = named({ kind: 'failed', reason: 'SERVFAIL' });
  const later = '421 4.4.3 mx.example.org Your name cannot be looked up now, try again later';
  for (const text of [
    '*.dialup.example deny',
    '* deny\nmail.example relay',
    '127.0.0.0/8 relay\nbad.example defer',
  ]) {
    const client = await (await ruled(t, text, { names })).client();
    assert.equal(await client.reply(), later, text);
  }
  const relaying = await greeted(await ruled(t, '*.partner.example relay', { names }));
  assert.match(await relays(relaying), /^451 4\.4\.3 Whether you may relay depends on your name/);
  const sized = await greeted(await ruled(t, '*.partner.example size=5MB\nnamed size=1KiB', { names }));
  assert.match(await relays(sized), /^550 5\.7\.1/);
  assert.equal(await announced(sized), 5_000_000);
  const known = await greeted(
    await ruled(t, '127.0.0.0/8 relay\nmail.example relay=@fax.example', { names }),
  );
  assert.match(await relays(known), /^250/);
  const listed = await greeted(await ruled(t, '127.0.0.1 relay\n*.example deny', { names }));
  assert.match(await relays(listed), /^250/);
});

test('after a log-in, the rule for the user takes the place of the one for the client', async (t) => {
  const auth = {
    directory: directoryOf({ login: 'joe@example.com', password: 'pencil' }),
    mechanisms: ['PLAIN'],
    isRequired: false,
    hints: noHints,
  };
  const options = { auth, tls: 'offered' } as const;
  const client = await secured(await ruled(t, '127.0.0.1 size=2KiB\nuser:@example.com size=4KiB', options));
  assert.equal(await announced(client), 2048);
  assert.match(await client.ask(plain('joe@example.com')), /^235/);
  assert.match(await client.ask('MAIL FROM:<joe@example.com> SIZE=4096\r\n'), /^250/);
  assert.match(await client.ask('RSET\r\n'), /^250/);
  assert.equal(await announced(client), 4096);
  const other = await secured(await ruled(t, '127.0.0.1 size=2KiB\nuser:jane@example.com deny', options));
  assert.match(await other.ask(plain('joe@example.com')), /^235/);
  assert.equal(await announced(other), 2048);
  for (const [text, expected] of [
    ['user:joe@example.com deny Your account is closed', '554 5.7.1 Your account is closed'],
    ['user:* defer', '454 4.7.1 No mail is taken from you now, try again later'],
  ] as const) {
    const refused = await secured(await ruled(t, text, options));
    assert.equal(await refused.ask(plain('joe@example.com')), expected);
    assert.match(await relays(refused), /^550 5\.7\.1 Relaying denied/);
  }
});

test('the rule for a client holds over STARTTLS', async (t) => {
  const client = await secured(await ruled(t, '127.0.0.1 relay size=2KiB', { tls: 'offered' }));
  assert.equal(await announced(client), 2048);
  assert.match(await client.ask('MAIL FROM: odd@example.net\r\n'), /^250/);
  assert.match(await client.ask('RSET\r\n'), /^250/);
  assert.match(await relays(client), /^250/);
});

test('where TLS is implicit, a denied client hears so under TLS', async (t) => {
  const client = await (await ruled(t, '127.0.0.1 deny', { tls: 'implicit' })).client();
  await client.secure();
  assert.equal(await client.reply(), '554 5.7.1 No mail is taken from you');
});

test('when XCLIENT tells another client, the rules are looked up anew', async (t) => {
  const text = `127.0.0.1 relay size=2KiB
203.0.113.9 deny Not you
*.partner.example relay
10.0.0.0/8 size=4KiB
user:joe@example.com size=8KiB
`;
  const names = named({ kind: 'none' });
  const fixture = await ruled(t, text, { xclient: ['127.0.0.1'], networks: ['192.0.2.0'], names });
  const told = async (attributes: string): Promise<Client> => {
    const client = await greeted(fixture);
    client.send(`XCLIENT ${attributes}\r\n`);
    return client;
  };
  const denied = await told('ADDR=203.0.113.9');
  assert.equal(await denied.reply(), '554 5.7.1 Not you');
  const plainClient = await told('ADDR=203.0.113.10');
  assert.match(await plainClient.reply(), /^220/);
  assert.equal(await announced(plainClient), usualMaxBytes);
  assert.match(await relays(plainClient), /^550 5\.7\.1/);
  assert.deepEqual(names.asked, ['203.0.113.10']);
  // The name that the front end tells needs no look-up.
  const partner = await told('ADDR=203.0.113.10 NAME=Mail.Partner.example');
  assert.match(await partner.reply(), /^220/);
  assert.equal(await announced(partner), usualMaxBytes);
  assert.match(await relays(partner), /^250/);
  assert.equal(names.asked.length, 1);
  const sized = await told('ADDR=10.1.1.1');
  assert.match(await sized.reply(), /^220/);
  assert.equal(await announced(sized), 4096);
  const user = await told('ADDR=10.1.1.1 LOGIN=joe@example.com');
  assert.match(await user.reply(), /^220/);
  assert.equal(await announced(user), 8192);
});

test('a client that a load balancer names has its own rule, and one that it does not know may not relay', async (t) => {
  const fixture = await ruled(t, '127.0.0.1 relay size=2KiB\n203.0.113.9 relay=@fax.example', {
    balancers: ['127.0.0.1'],
  });
  const known = await fixture.client();
  known.send('PROXY TCP4 203.0.113.9 192.0.2.1 40000 25\r\n');
  assert.match(await known.reply(), /^220/);
  assert.equal(await announced(known), usualMaxBytes);
  await client250(known, 'MAIL FROM:<a@example.net>', 'RCPT TO:<joe@example.com>');
  assert.match(await known.ask('DATA\r\n'), /^354/);
  assert.match(await known.ask('Subject: a\r\n\r\nb\r\n.\r\n'), /^250/);
  assert.deepEqual(fixture.submitted[0]?.recipients, ['"joe@example.com"@fax.example']);
  const unknown = await fixture.client();
  unknown.send('PROXY UNKNOWN\r\n');
  assert.match(await unknown.reply(), /^220/);
  assert.equal(await announced(unknown), 2048);
  assert.match(await relays(unknown), /^550 5\.7\.1/);
});

test('variables of the rule are facts for stages, over the whole session', async (t) => {
  const seen: unknown[] = [];
  const notes: Stage = {
    name: 'notes',
    mail: ({ client }) => {
      seen.push([client.rule?.who, client.rule?.variables]);
      return goOn;
    },
  };
  const fixture = await ruled(t, '127.0.0.1 TEAM=sales NOTE="a \\"b\\" c"', { stages: [{ stage: notes }] });
  const client = await greeted(fixture);
  await client250(client, 'MAIL FROM:<a@example.net>', 'RSET', 'EHLO b.example', 'MAIL FROM:<a@example.net>');
  const expected = ['127.0.0.1', { TEAM: 'sales', NOTE: 'a "b" c' }];
  assert.deepEqual(seen, [expected, expected]);
});

test('LMTP has the same rules', async (t) => {
  const settings = receiveSettings();
  const fixture = await ruled(t, '127.0.0.1 size=2KiB relay=@fax.example', {
    settings: { session: { ...settings.session, protocol: 'lmtp' } },
  });
  const client = await fixture.client();
  assert.match(await client.reply(), /^220/);
  assert.match(await client.ask('LHLO a.example\r\n'), /^250-SIZE 2048\r$/mu);
  await client250(client, 'MAIL FROM:<a@example.net>', 'RCPT TO:<b@elsewhere.example>');
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('Subject: a\r\n\r\nb\r\n.\r\n'), /^250/);
  assert.deepEqual(fixture.submitted[0]?.recipients, ['"b@elsewhere.example"@fax.example']);
});

async function client250(client: Client, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) assert.match(await client.ask(`${command}\r\n`), /^250/, command);
}
