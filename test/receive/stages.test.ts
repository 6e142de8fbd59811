// Stages in real SMTP sessions: every verdict at every point, at once or later.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { envelope, greeted, start } from './fixture.ts';
import { bye, later, pass, turns, unknown, withStages } from './stage-fixture.ts';

for (const [way, wrap] of [
  ['at once', (verdict: Verdict) => verdict],
  ['as a promise', (verdict: Verdict) => Promise.resolve(verdict)],
] as const) {
  test(`a recipient is refused, deferred or accepted ${way}`, async (t) => {
    const fixture = await withStages(t, {
      name: 'users',
      rcpt: ({ recipient }) =>
        wrap(
          recipient.address.startsWith('unknown')
            ? unknown
            : recipient.address.startsWith('new')
              ? later
              : goOn,
        ),
    });
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    assert.equal(await client.ask('RCPT TO:<unknown@example.com>\r\n'), '550 5.1.1 No such user here');
    assert.equal(await client.ask('RCPT TO:<new@example.com>\r\n'), '451 4.7.1 Greylisted');
    assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
    assert.match(await client.ask('DATA\r\n'), /^354/);
    assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
    assert.deepEqual(fixture.submitted[0]?.recipients, ['b@example.com']);
    const line = fixture.log.find((each) => each.includes('unknown@example.com'));
    assert.match(line ?? '', /"command":"RCPT","stage":"users"/);
  });

  test(`the points before the message refuse what they decide about, ${way}`, async (t) => {
    const seen: string[] = [];
    let refused = '';
    const at = (point: string) => () => {
      seen.push(point);
      return wrap(refused === point ? later : goOn);
    };
    const fixture = await withStages(t, {
      name: 'all',
      connect: at('connect'),
      helo: at('helo'),
      mail: at('mail'),
      rcpt: at('rcpt'),
      data: at('data'),
    });
    const client = await greeted(fixture);
    const commands = [
      ['helo', 'EHLO client.example\r\n'],
      ['mail', 'MAIL FROM:<a@example.net>\r\n'],
      ['rcpt', 'RCPT TO:<b@example.com>\r\n'],
      ['data', 'DATA\r\n'],
    ] as const;
    for (const [point, command] of commands) {
      if (point === 'data') {
        refused = '';
        assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
      }
      refused = point;
      // RFC 2034 4: no enhanced code in answers to HELO and EHLO.
      const expected = point === 'helo' ? '451 Greylisted' : '451 4.7.1 Greylisted';
      assert.equal(await client.ask(command), expected);
      refused = '';
      if (point !== 'data') assert.match(await client.ask(command), /^250/);
    }
    // A refused DATA ends the transaction.
    assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^503/);
    assert.deepEqual([...new Set(seen)], ['connect', 'helo', 'mail', 'rcpt', 'data']);
    refused = 'connect';
    const other = await fixture.client();
    assert.equal(await other.reply(), '421 4.7.1 mx.example.org Greylisted');
    assert.equal(await other.reply(), '');
  });

  test(`a stage disconnects at any point, ${way}`, async (t) => {
    let refused = '';
    const at = (point: string) => () => wrap(refused === point ? bye : goOn);
    const fixture = await withStages(t, {
      name: 'all',
      connect: at('connect'),
      helo: at('helo'),
      mail: at('mail'),
      rcpt: at('rcpt'),
      data: at('data'),
    });
    const commands = [
      'EHLO x\r\n',
      'MAIL FROM:<a@example.net>\r\n',
      'RCPT TO:<b@example.com>\r\n',
      'DATA\r\n',
    ];
    for (const [index, point] of ['connect', 'helo', 'mail', 'rcpt', 'data'].entries()) {
      refused = point;
      const client = await fixture.client();
      const replies = [await client.reply()];
      for (const command of commands.slice(0, index)) replies.push(await client.ask(command));
      assert.match(replies.at(-1) ?? '', /^421 4\.7\.0 mx\.example\.org Go away$/, point);
      assert.equal(await client.reply(), '', point);
      client.socket.destroy();
      await turns();
    }
  });
}

test('a connection is refused with 554 for good, and with 421 for now', async (t) => {
  let verdict = unknown;
  const fixture = await withStages(t, { name: 'gate', connect: () => verdict });
  const first = await fixture.client();
  assert.equal(await first.reply(), '554 5.1.1 No such user here');
  assert.equal(await first.reply(), '');
  verdict = later;
  const second = await fixture.client();
  assert.equal(await second.reply(), '421 4.7.1 mx.example.org Greylisted');
  assert.equal(await second.reply(), '');
});

test('replies to pipelined commands keep their order while a stage is out, and nobody else waits', async (t) => {
  const gates: PromiseWithResolvers<Verdict>[] = [];
  const fixture = await withStages(t, {
    name: 'slow',
    rcpt: ({ recipient }) => {
      if (!recipient.address.startsWith('slow')) return goOn;
      const gate = Promise.withResolvers<Verdict>();
      gates.push(gate);
      return gate.promise;
    },
  });
  const client = await greeted(fixture);
  client.send(
    'MAIL FROM:<a@example.net>\r\nRCPT TO:<slow1@example.com>\r\nRCPT TO:<b@example.com>\r\n' +
      'RCPT TO:<slow2@example.com>\r\nDATA\r\n',
  );
  const other = await greeted(fixture);
  await envelope(other);
  assert.match(await other.ask('Subject: other\r\n\r\n.\r\n'), /^250/);
  assert.equal(gates.length, 1);
  gates[0]?.resolve(unknown);
  while (gates.length < 2) await turns();
  gates[1]?.resolve(later);
  const replies = [];
  for (let i = 0; i < 5; i++) replies.push((await client.reply()).slice(0, 3));
  assert.deepEqual(replies, ['250', '550', '250', '451', '354']);
});

test('500 sessions wait for a stage, and each gets its own answer', async (t) => {
  const gates = new Map<string, (verdict: Verdict) => void>();
  const settings = { maxConnections: 1000, maxConnectionsPerClient: 1000 };
  const stage: Stage = {
    name: 'slow',
    mail: ({ transaction }) =>
      transaction.reversePath === ''
        ? goOn
        : new Promise((resolve) => gates.set(transaction.reversePath, resolve)),
  };
  const fixture = await start(t, { settings, stages: [{ stage }] });
  const clients = await Promise.all(Array.from({ length: 500 }, () => greeted(fixture)));
  for (const [number, client] of clients.entries()) client.send(`MAIL FROM:<${number}@example.net>\r\n`);
  while (gates.size < clients.length) await turns();
  const other = await greeted(fixture);
  assert.match(await other.ask('MAIL FROM:<>\r\n'), /^250/);
  for (const [sender, answer] of gates) answer(Number.parseInt(sender) % 2 === 0 ? goOn : later);
  for (const [number, client] of clients.entries()) {
    assert.match(await client.reply(), number % 2 === 0 ? /^250/ : /^451 4\.7\.1 Greylisted/);
  }
});

test('no timeout of a client runs while a stage is out', async (t) => {
  const gate = Promise.withResolvers<Verdict>();
  const fixture = await withStages(t, { name: 'slow', timeLimitMs: 3_600_000, mail: () => gate.promise });
  const client = await greeted(fixture);
  client.send('MAIL FROM:<a@example.net>\r\n');
  await pass(fixture, 400_000); // timeout_command is 300 s
  gate.resolve(goOn);
  assert.match(await client.reply(), /^250/);
  await pass(fixture, 200_000);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
});

test('a message that a stage discards is answered 250, logged and never stored', async (t) => {
  let point = '';
  const at = (here: string) => (): Verdict =>
    here === point ? { kind: 'discard', reason: 'unwanted' } : goOn;
  const asked: string[] = [];
  const fixture = await withStages(
    t,
    { name: 'bin', mail: at('mail'), rcpt: at('rcpt'), data: at('data') },
    {
      name: 'after',
      data: () => {
        asked.push('data');
        return goOn;
      },
    },
  );
  const client = await greeted(fixture);
  for (point of ['mail', 'rcpt', 'data']) {
    await envelope(client);
    assert.equal(await client.ask(`Subject: x\r\n\r\n${'large '.repeat(5000)}\r\n.\r\n`), '250 2.0.0 Ok');
  }
  assert.equal(fixture.spool.kept.length, 0);
  assert.equal(fixture.spool.writes, 0);
  assert.equal(fixture.submitted.length, 0);
  assert.equal(fixture.memory.usedBytes, 0);
  assert.deepEqual(asked, []);
  const lines = fixture.log.filter((line) => line.includes('"discarded"'));
  assert.equal(lines.length, 3);
  for (const line of lines)
    assert.match(
      line,
      /"from":"a@example\.net","to":\["b@example\.com"\].*"stage":"bin","reason":"unwanted"/,
    );
  point = '';
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250 2\.0\.0 queued as/);
  assert.deepEqual(asked, ['data']);
});

test('stages change the envelope, and each sees it as those before have left it', async (t) => {
  const seen: unknown[] = [];
  const fixture = await withStages(
    t,
    {
      name: 'first',
      mail: () => ({ kind: 'continue', edits: [{ kind: 'change-sender', address: 'srs=a@example.org' }] }),
      rcpt: ({ recipient }) => ({
        kind: 'continue',
        edits: [{ kind: 'change-recipient', address: recipient.address.replace('alias', 'box') }],
      }),
      data: () => ({
        kind: 'continue',
        edits: [
          { kind: 'add-recipient', recipient: { address: 'archive@example.org' } },
          { kind: 'remove-recipient', address: 'gone@example.com' },
        ],
        result: { note: 'edited' },
      }),
    },
    {
      name: 'second',
      mail: ({ transaction }) => {
        seen.push(transaction.reversePath);
        return goOn;
      },
      rcpt: ({ recipient }) => {
        seen.push(recipient.address);
        return goOn;
      },
      data: ({ transaction }) => {
        seen.push(transaction.recipients.map(({ address }) => address));
        return goOn;
      },
    },
  );
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  for (const name of ['alias', 'gone', 'gone']) {
    assert.match(await client.ask(`RCPT TO:<${name}@example.com>\r\n`), /^250/);
  }
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  assert.equal(fixture.submitted[0]?.reversePath, 'srs=a@example.org');
  assert.deepEqual(fixture.submitted[0]?.recipients, ['box@example.com', 'archive@example.org']);
  assert.equal(fixture.spool.kept[0]?.envelope.reversePath, 'srs=a@example.org');
  assert.deepEqual(seen, [
    'srs=a@example.org',
    'box@example.com',
    'gone@example.com',
    'gone@example.com',
    ['box@example.com', 'archive@example.org'],
  ]);
});

test('a message that is left without recipients is discarded', async (t) => {
  const fixture = await withStages(t, {
    name: 'remover',
    data: () => ({ kind: 'continue', edits: [{ kind: 'remove-recipient', address: 'b@example.com' }] }),
  });
  const client = await greeted(fixture);
  await envelope(client);
  assert.equal(await client.ask('Subject: x\r\n\r\n.\r\n'), '250 2.0.0 Ok');
  assert.equal(fixture.spool.kept.length, 0);
  assert.ok(
    fixture.log.some((line) => line.includes('"discarded"') && line.includes('no recipient is left')),
  );
});

test('what a stage found out is told to later stages, and ends with its transaction or session', async (t) => {
  const seen: unknown[] = [];
  const fixture = await withStages(
    t,
    {
      name: 'finder',
      helo: () => ({ kind: 'continue', result: { at: 'helo' } }),
      mail: ({ transaction }) =>
        transaction.reversePath === '' ? goOn : { kind: 'continue', result: { at: 'mail' } },
    },
    {
      name: 'reader',
      mail: (facts) => {
        seen.push(facts.resultOf('finder')?.['at']);
        return goOn;
      },
    },
  );
  const client = await greeted(fixture);
  for (const path of ['a@example.net', '']) {
    assert.match(await client.ask(`MAIL FROM:<${path}>\r\n`), /^250/);
    assert.match(await client.ask('RSET\r\n'), /^250/);
  }
  assert.deepEqual(seen, ['mail', 'helo']);
});

test('a stage that accepts ends the asking at its point, for one recipient', async (t) => {
  const fixture = await withStages(
    t,
    {
      name: 'friends',
      rcpt: ({ recipient }) => (recipient.address.startsWith('friend') ? { kind: 'accept' } : goOn),
    },
    { name: 'nobody', rcpt: () => unknown },
  );
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<friend@example.com>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<other@example.com>\r\n'), /^550 5\.1\.1/);
});

test('stages of a tenant are asked about the mail of this tenant only', async (t) => {
  const tenant = {
    name: 'shop',
    sender: [{ kind: 'domain', domain: 'shop.example' }],
    client: [],
    priority: 0,
  } as const;
  const stage: Stage = { name: 'strict', rcpt: () => unknown };
  const fixture = await start(t, { tenants: [tenant], stages: [{ stage, tenants: ['shop'] }] });
  const client = await greeted(fixture);
  for (const [sender, expected] of [
    ['a@shop.example', /^550 5\.1\.1/],
    ['a@example.net', /^250/],
    ['b@shop.example', /^550 5\.1\.1/],
  ] as const) {
    assert.match(await client.ask(`MAIL FROM:<${sender}>\r\n`), /^250/);
    assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), expected);
    assert.match(await client.ask('RSET\r\n'), /^250/);
  }
});
