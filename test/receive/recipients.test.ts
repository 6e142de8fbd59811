// Recipients that are looked up in tables, in real SMTP sessions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRules } from '../../src/policy/mailbox-keys.ts';
import { TableSource } from '../../src/policy/recipients/table-source.ts';
import type { RecipientRule } from '../../src/policy/recipients/recipient-rules.ts';
import type { RecipientSource } from '../../src/policy/recipients/recipient-source.ts';
import { RecipientsStage } from '../../src/policy/stages/recipients-stage.ts';
import { absent, allFailing, found, type Answer, type Table } from '../../src/table/table.ts';
import { greeted, start } from './fixture.ts';
import { withStages } from './stage-fixture.ts';

const exact = (domain: string) => [{ kind: 'exact', domain }] as const;

/** A table in memory that answers at once, or as a promise. */
function memoryTable(keys: readonly string[], isLate = false): Table & { readonly asked: string[][] } {
  const asked: string[][] = [];
  return {
    name: 'users',
    asked,
    lookup: (wanted) => {
      asked.push([...wanted]);
      const answers: Answer[] = wanted.map((key) => (keys.includes(key) ? found : absent));
      return isLate ? Promise.resolve(answers) : answers;
    },
  };
}

function rule(
  table: Table,
  { domains = exact('example.com'), ...keys }: Partial<Pick<RecipientRule, 'domains'> & KeyRules> = {},
): RecipientRule {
  return { domains, source: new TableSource(table, { key: 'address', separators: '', ...keys }) };
}

for (const isLate of [false, true]) {
  test(`unknown recipients are refused at RCPT${isLate ? ', by a table that answers later' : ''}`, async (t) => {
    const table = memoryTable(['joe@example.com'], isLate);
    const fixture = await withStages(t, new RecipientsStage([rule(table, { separators: '+' })]));
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    for (const [path, expected] of [
      ['joe@example.com', /^250/],
      ['JOE@Example.COM', /^250/],
      ['joe+lists@example.com', /^250/],
      ['"joe"@example.com', /^250/],
      ['jane@example.com', /^550 5\.1\.1 No such mailbox here$/],
      ['Postmaster@example.com', /^250/],
      ['anyone@elsewhere.example', /^250/],
      ['joe@sub.example.com', /^250/],
    ] as const) {
      assert.match(await client.ask(`RCPT TO:<${path}>\r\n`), expected, path);
    }
    // Domains that are not in a rule, and postmasters, are not looked up.
    assert.equal(table.asked.length, 5);
  });
}

test('a domain may take mail to any name', async (t) => {
  const table = memoryTable(['@example.com']);
  const fixture = await withStages(t, new RecipientsStage([rule(table)]));
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<anyone@example.com>\r\n'), /^250/);
});

test('the rule with the most specific domain counts', async (t) => {
  const fixture = await withStages(
    t,
    new RecipientsStage([
      rule(memoryTable([]), { domains: [{ kind: 'suffix', domain: 'example.com' }] }),
      rule(memoryTable(['joe']), { domains: exact('in.example.com'), key: 'local_part' }),
    ]),
  );
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<joe@in.example.com>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<joe@out.example.com>\r\n'), /^550 5\.1\.1/);
  assert.match(await client.ask('RCPT TO:<joe@example.com>\r\n'), /^250/);
});

test('a table that cannot tell is a temporary error, unless it has found the recipient', async (t) => {
  const failing: Table = { name: 'users', lookup: (keys) => allFailing(keys, 'it hangs') };
  const half: Table = {
    name: 'users',
    lookup: (keys) => keys.map((_key, index) => (index === 0 ? { kind: 'failing', reason: 'x' } : found)),
  };
  for (const [table, expected] of [
    [failing, '451 4.3.0 Recipients cannot be checked now, try again later'],
    [half, '250 2.1.5 Recipient ok'],
  ] as const) {
    const fixture = await withStages(t, new RecipientsStage([rule(table)]));
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    assert.equal(await client.ask('RCPT TO:<joe@example.com>\r\n'), expected);
    assert.match(await client.ask('RCPT TO:<postmaster@example.com>\r\n'), /^250/);
  }
});

test('the postmaster of a domain that takes no mail is refused as all others are, and no other postmaster is', async (t) => {
  const reply = { code: 556, enhanced: '5.1.10', text: 'no mail (null MX)' };
  const source: RecipientSource = {
    find: () => ({ kind: 'refused', reply }),
    domainRefusal: ({ domain }) => Promise.resolve(domain === 'null.example' ? reply : undefined),
  };
  const domains = [...exact('null.example'), ...exact('full.example')];
  const fixture = await withStages(t, new RecipientsStage([{ domains, source }]));
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<Postmaster@null.example>\r\n'), /^556 5\.1\.10 no mail/);
  assert.match(await client.ask('RCPT TO:<postmaster@full.example>\r\n'), /^250/);
});

test('a stranger is told nothing about recipients that he may not send to', async (t) => {
  const table = memoryTable([]);
  const fixture = await start(t, {
    networks: ['10.0.0.0'],
    stages: [{ stage: new RecipientsStage([rule(table, { domains: exact('other.example') })]) }],
  });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<joe@other.example>\r\n'), /^550 5\.7\.1/);
  assert.deepEqual(table.asked, []);
});

test('mail for the postmaster of this host is accepted, whoever gets it', async (t) => {
  const fixture = await start(t, {
    networks: ['10.0.0.0'],
    settings: { postmaster: 'admin@example.com' },
    stages: [{ stage: new RecipientsStage([rule(memoryTable([]))]) }],
  });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<Postmaster>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<admin@example.com>\r\n'), /^550 5\.1\.1/);
});

test('aliases exist when their mailboxes do; one that goes in circles is a temporary error, and the recipient stays as it is', async (t) => {
  const mailboxes = memoryTable(['joe@example.com']);
  const values: Readonly<Record<string, string>> = {
    'staff@example.com': 'joe, jane@elsewhere.example',
    'a@example.com': 'b',
    'b@example.com': 'a',
  };
  const aliases: Table = {
    name: 'aliases',
    lookup: (keys) =>
      keys.map((key) => (values[key] === undefined ? absent : { kind: 'found', values: [values[key]] })),
  };
  const keys = { key: 'address', separators: '' } as const;
  const told: string[] = [];
  const reports = { failed: (_alias: string, text: string) => told.push(text), worked: () => undefined };
  const fixture = await withStages(
    t,
    new RecipientsStage([{ ...rule(mailboxes), aliases: { table: aliases, ...keys, reports } }]),
  );
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(
    await client.ask('RCPT TO:<a@example.com>\r\n'),
    /^451 4\.3\.0 Recipients cannot be checked now/,
  );
  assert.match(told[0] ?? '', /goes in circles/);
  assert.match(await client.ask('RCPT TO:<nobody@example.com>\r\n'), /^550 5\.1\.1/);
  assert.match(await client.ask('RCPT TO:<Staff@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  assert.deepEqual(fixture.submitted[0]?.recipients, ['Staff@example.com']);
});
