// Addresses are rewritten in real SMTP sessions: in the envelope and in the header, of those whose mail it is for, as a whole or not at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RewriteRule, Rewriter } from '../../src/policy/rewriting/rewriter.ts';
import type { Stage } from '../../src/policy/stage.ts';
import {
  rewritingOfRecipients,
  type RewritingParts,
  rewritingStage,
} from '../../src/policy/stages/rewriting-stage.ts';
import { SenderRightsStage } from '../../src/policy/stages/sender-rights-stage.ts';
import { allFailing, type Table } from '../../src/table/table.ts';
import { addressClasses } from '../../src/values/address-classes.ts';
import { memoryTable } from '../policy/rewriting/memory-table.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';
import { signingWith, stored } from './signing-fixture.ts';

const hostname = 'mx.example.org';

function canonical(table: Table, rest: Partial<RewriteRule> = {}): RewriteRule {
  return {
    of: new Set(addressClasses),
    tenants: undefined,
    change: {
      kind: 'canonical',
      table,
      separators: '+',
      keepsSubaddress: true,
      localDomains: new Set([hostname]),
      hostname,
    },
    ...rest,
  };
}

const hidden: RewriteRule = {
  of: new Set(['envelope-sender', 'header-sender', 'header-recipient']),
  tenants: undefined,
  change: {
    kind: 'masquerade',
    domains: [{ domain: 'example.net', isKept: false }],
    exceptions: new Set(['root']),
  },
};

function stageOf(rules: readonly RewriteRule[], rest: Partial<RewritingParts> = {}): Stage {
  const rewriter = new Rewriter(rules, hostname);
  const points = ['mail', 'rcpt', 'headers'] as const;
  const stage = rewritingStage({
    name: 'rewriting',
    audience: 'submission',
    rewriter,
    hostname,
    points,
    ...rest,
  });
  assert.ok(stage !== undefined);
  return stage;
}

interface Mail {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly header?: string;
  readonly parameters?: string;
}

async function send(
  client: Client,
  { from = 'joe@old.test', to = ['ann@old.test'], header = '', parameters = '' }: Mail,
): Promise<string> {
  const mail = await client.ask(`MAIL FROM:<${from}>${parameters}\r\n`);
  if (!mail.startsWith('250')) return mail;
  for (const each of to) {
    const reply = await client.ask(`RCPT TO:<${each}>\r\n`);
    if (!reply.startsWith('250')) return reply;
  }
  const data = await client.ask('DATA\r\n');
  return data.startsWith('354') ? client.ask(`${header}\r\nHello\r\n.\r\n`) : data;
}

function kept(fixture: Fixture) {
  const { envelope, content } = fixture.spool.kept.at(-1)!;
  const header = content.slice(content.search(/\r\n(?!\t)/) + 2, content.indexOf('\r\n\r\n') + 2);
  return {
    from: envelope.reversePath,
    to: envelope.recipients.map(({ address }) => address),
    originals: envelope.recipients.map(({ originalRecipient }) => originalRecipient),
    header,
  };
}

const lines = [
  '@old.test @new.test',
  'joe@old.test joe.smith@new.test',
  'root admin@new.test',
  'bad@old.test no address',
  'utf@old.test ö@new.test',
];

for (const isLate of [false, true]) {
  const later = isLate ? ', by a table that answers later' : '';
  test(`envelope and header are rewritten, and all else of the header stays as it was${later}`, async (t) => {
    const fixture = await start(t, {
      stages: [{ stage: stageOf([canonical(memoryTable(lines, isLate)), hidden]) }],
    });
    const client = await greeted(fixture);
    const fields = (joe: string, ann: string, host: string) =>
      `FROM : "Joe, S." <${joe}>\r\nX-From: joe@old.test\r\nTo:Ann\r\n\t<${ann}> (ann@old.test),\r\n  eve@${host}\r\nSubject: joe@old.test\r\nreply-to: ${joe}\r\nCc: "broken <joe@old.test>\r\nResent-To: ${ann}\r\nDelivered-To: ann@old.test\r\n`;
    const reply = await send(client, {
      to: ['ann@old.test', 'b@far.test', 'joe+x@old.test'],
      header: fields('joe@old.test', 'ann@old.test', 'host.example.net'),
    });
    assert.match(reply, /^250/);
    assert.deepEqual(kept(fixture), {
      from: 'joe.smith@new.test',
      to: ['ann@new.test', 'b@far.test', 'joe.smith+x@new.test'],
      originals: ['rfc822;ann@old.test', undefined, 'rfc822;joe+x@old.test'],
      header: fields('joe.smith@new.test', 'ann@new.test', 'example.net'),
    });
    assert.deepEqual(
      fixture.submitted.map(({ reversePath, recipients }) => [reversePath, ...recipients]),
      [['joe.smith@new.test', 'ann@new.test', 'b@far.test', 'joe.smith+x@new.test']],
    );
    assert.equal(fixture.memory.usedBytes, 0);
  });
}

test('a message that no rule changes is stored byte by byte, and the null sender stays', async (t) => {
  const fixture = await start(t, { stages: [{ stage: stageOf([canonical(memoryTable([])), hidden]) }] });
  const client = await greeted(fixture);
  const header =
    'From: \xe9 <joe@old.test>\r\n\t\r\nTo:ann@old.test,, \r\nCc\t: root\r\nno field\r\nFrom: joe@old.test\r\n';
  assert.match(await send(client, { from: '', header }), /^250/);
  assert.deepEqual(kept(fixture), { from: '', to: ['ann@old.test'], originals: [undefined], header });
});

test('bytes of an unknown encoding stay beside an address that changes', async (t) => {
  const fixture = await start(t, { stages: [{ stage: stageOf([canonical(memoryTable(lines))]) }] });
  const client = await greeted(fixture);
  assert.match(
    await send(client, { header: 'From: J\xf6rg <joe@old.test>\r\nTo: J\xf6 <a\xf6@old.test>\r\n' }),
    /^250/,
  );
  assert.equal(kept(fixture).header, 'From: J\xf6rg <joe.smith@new.test>\r\nTo: J\xf6 <a\xf6@old.test>\r\n');
});

test('mail of strangers, and of other tenants, is not rewritten', async (t) => {
  const ofTenant = canonical(memoryTable(lines), { tenants: new Set(['acme']) });
  const strangers = await start(t, {
    networks: ['10.0.0.0'],
    stages: [{ stage: stageOf([canonical(memoryTable(lines))]) }],
  });
  const header = 'From: joe@old.test\r\n';
  assert.match(await send(await greeted(strangers), { to: ['b@example.com'], header }), /^250/);
  assert.deepEqual([kept(strangers).from, kept(strangers).header], ['joe@old.test', header]);
  const tenants = [
    { name: 'acme', sender: [{ kind: 'domain', domain: 'old.test' }], client: [], priority: 0 },
  ] as const;
  const fixture = await start(t, { tenants, stages: [{ stage: stageOf([ofTenant]) }] });
  const client = await greeted(fixture);
  assert.match(await send(client, { header }), /^250/);
  assert.deepEqual(
    [kept(fixture).from, kept(fixture).header],
    ['joe.smith@new.test', 'From: joe.smith@new.test\r\n'],
  );
  assert.match(await send(client, { from: 'joe@else.test', to: ['a@old.test'], header }), /^250/);
  assert.deepEqual([kept(fixture).to, kept(fixture).header], [['a@old.test'], header]);
});

test('the relay check is about the recipient that a stranger gave, and not about what it became', async (t) => {
  const table = memoryTable([
    'out@example.com joe@far.test',
    '@far.test @example.com',
    'postmaster@mx.example.org a@far.test',
  ]);
  const stage = stageOf([canonical(table, { of: new Set(['envelope-recipient']) })], {
    name: rewritingOfRecipients,
    audience: 'strangers',
    points: ['rcpt'],
  });
  const fixture = await start(t, { networks: ['10.0.0.0'], firstStages: [{ stage }] });
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@stranger.test>\r\n');
  for (const [path, expected] of [
    ['out@example.com', /^250/], // becomes joe@far.test, which becomes joe@example.com
    ['joe@far.test', /^550 5\.7\.1 Relaying denied/],
    ['x@elsewhere.test', /^550/],
    ['b@example.com', /^250/],
    ['postmaster@mx.example.org', /^250/],
  ] as const)
    assert.match(await client.ask(`RCPT TO:<${path}>\r\n`), expected, path);
});

test('an address that a stranger has got by a table is not one that it may send to', async (t) => {
  const table = memoryTable(['out@example.com joe@far.test']);
  const stage = stageOf([canonical(table, { of: new Set(['envelope-recipient']) })], {
    name: rewritingOfRecipients,
    audience: 'strangers',
    points: ['rcpt'],
  });
  const fixture = await start(t, { networks: ['10.0.0.0'], firstStages: [{ stage }] });
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@stranger.test>\r\n');
  assert.match(await client.ask('RCPT TO:<out@example.com>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<joe@far.test>\r\n'), /^550 5\.7\.1 Relaying denied/);
});

test('a user may send from what is written, and not from what it becomes', async (t) => {
  const rights: Stage = {
    name: 'rights',
    mail: (facts) =>
      new SenderRightsStage('own', '').mail({
        ...facts,
        transaction: facts.transaction,
        user: { address: 'joe@old.test', aliases: [], senders: [] },
      } as typeof facts),
  };
  const fixture = await start(t, {
    stages: [{ stage: rights }, { stage: stageOf([canonical(memoryTable(lines))]) }],
  });
  const client = await greeted(fixture);
  assert.match(await send(client, { from: 'joe@old.test' }), /^250/);
  assert.equal(kept(fixture).from, 'joe.smith@new.test');
  assert.match(await send(client, { from: 'joe.smith@new.test' }), /^553/);
});

const failing: Table = { name: 'canonical', lookup: (keys) => allFailing(keys, 'it is away') };

test('a table that cannot tell, and one with a mistake, are temporary errors, at each point', async (t) => {
  const points: readonly (readonly [RewriteRule['of'], Mail])[] = [
    [new Set(['envelope-sender']), { from: 'bad@old.test' }],
    [new Set(['envelope-recipient']), { to: ['bad@old.test'] }],
    [new Set(['header-sender']), { header: 'From: joe@old.test, bad@old.test\r\n' }],
    [new Set(['header-recipient']), { header: 'Cc: bad@old.test\r\n' }],
  ];
  for (const [of, mail] of points) {
    const away = await start(t, { stages: [{ stage: stageOf([canonical(failing, { of })]) }] });
    assert.match(
      await send(await greeted(away), mail),
      /^451 4\.3\.0 Addresses cannot be rewritten now, try again later$/,
    );
    assert.deepEqual([away.spool.kept.length, away.troubles.list], [0, []]);
    const wrong = await start(t, { stages: [{ stage: stageOf([canonical(memoryTable(lines), { of })]) }] });
    const client = await greeted(wrong);
    assert.match(await send(client, mail), /^451 4\.3\.0 A check of this server failed/);
    assert.equal(wrong.spool.kept.length, 0);
    const [trouble] = wrong.troubles.list;
    assert.equal(trouble?.key, 'stage:rewriting');
    assert.match(
      trouble?.text ?? '',
      /the table canonical has for "bad@old\.test" "no address", which is no address/,
    );
    await client.ask('RSET\r\n');
    assert.match(await send(client, { header: 'From: joe@old.test\r\n' }), /^250/);
  }
});

test('an address that needs SMTPUTF8 is for mail that has it', async (t) => {
  const fixture = await start(t, { stages: [{ stage: stageOf([canonical(memoryTable(lines))]) }] });
  const client = await greeted(fixture);
  assert.match(await send(client, { from: 'utf@old.test' }), /^451/);
  assert.match(
    fixture.troubles.list[0]?.text ?? '',
    /"utf@old\.test" is rewritten to "ö@new\.test", which needs SMTPUTF8/,
  );
  const header = 'From: utf@old.test\r\n';
  assert.match(await send(client, { from: 'utf@old.test', header, parameters: ' SMTPUTF8' }), /^250/);
  assert.deepEqual([kept(fixture).from, kept(fixture).header], ['ö@new.test', 'From: \xc3\xb6@new.test\r\n']);
});

test('10,000 addresses are rewritten, and a header with more is refused', async (t) => {
  const table = memoryTable(lines, true);
  const settings = { largeMessageBytes: 1_000_000 };
  const fixture = await start(t, { settings, stages: [{ stage: stageOf([canonical(table)]) }] });
  const client = await greeted(fixture);
  const many = (count: number) =>
    `To: ${Array.from({ length: count }, (_, index) => `u${index}@old.test`).join(',\r\n ')}\r\n`;
  assert.match(await send(client, { header: many(10_000) }), /^250/);
  assert.equal(kept(fixture).header, many(10_000).replaceAll('@old', '@new'));
  assert.match(
    await send(client, { header: many(10_001) }),
    /^552 5\.3\.4 The header has more than 10000 addresses/,
  );
});

test('new addresses that would make the header grow without end are refused for now', async (t) => {
  const long = `${'x'.repeat(8000)}@new.test`;
  const fixture = await start(t, {
    stages: [{ stage: stageOf([canonical(memoryTable([`@old.test @new.test`, `a@old.test ${long}`]))]) }],
  });
  const client = await greeted(fixture);
  const header = `To: ${Array.from({ length: 100 }, () => 'a@old.test').join(',\r\n ')}\r\n`;
  assert.match(await send(client, { header }), /^451/);
  assert.equal(fixture.spool.kept.length, 0);
});

test('what leaves is signed', async (t) => {
  const table = memoryTable(['joe@host.test joe@example.com']);
  const stages = [{ stage: stageOf([canonical(table)]) }];
  const fixture = await start(t, { signing: signingWith(), completesMail: true, stages });
  const client = await greeted(fixture);
  assert.match(
    await send(client, { from: 'joe@host.test', header: 'From: Joe <joe@host.test>\r\nTo: a@b.test\r\n' }),
    /^250/,
  );
  assert.match(fixture.spool.kept[0]!.content, /\r\nFrom: Joe <joe@example\.com>\r\n/);
  assert.deepEqual(stored(fixture), ['pass']);
});

test('where only the envelope is rewritten, nobody looks at the header', () => {
  const rules = [canonical(memoryTable(lines), { of: new Set(['envelope-sender']) })];
  const { mail, rcpt, headers } = stageOf(rules);
  assert.deepEqual([mail === undefined, rcpt, headers], [false, undefined, undefined]);
});
