// Stages that see the header and the body of a message, in real SMTP sessions: what they see, what they decide, what they change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContentFacts, type Edit, goOn, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { type Client, envelope, type Fixture, greeted } from './fixture.ts';
import { bye, later, pass, turns, unknown, withStages } from './stage-fixture.ts';

const large = `${'x'.repeat(70)}\r\n`.repeat(3000);

async function bodyOf({ body }: ContentFacts): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

/** Sends a message; returns the reply to it. */
async function send(client: Client, content: string): Promise<string> {
  await envelope(client);
  return client.ask(`${content}.\r\n`);
}

/** What was stored below our Received line, which is checked to be there. */
function storedOf({ spool }: Fixture): string {
  const content = spool.kept.at(-1)?.content ?? '';
  const received = /^Received: from [^]*?;\r\n\t[^\r]*\r\n/.exec(content);
  assert.ok(received !== null, content);
  return content.slice(received[0].length);
}

test('a body is shown while it arrives, however it is cut, and a follower that throws refuses its message for now', async (t) => {
  let shown: string[] = [];
  let seen = '';
  let isBroken = false;
  const fixture = await withStages(t, {
    name: 'follower',
    headers: (facts) => {
      shown = [];
      facts.followBody((piece) => {
        if (isBroken && shown.length > 0) throw new Error('broken');
        shown.push(Buffer.from(piece).toString('latin1'));
      });
      return { kind: 'continue', edits: [{ kind: 'add-field', name: 'X', value: 'y' }] };
    },
    content: () => {
      seen = shown.join('');
      return { kind: 'continue', edits: [{ kind: 'replace-body', body: Buffer.from('other\r\n') }] };
    },
  });
  const client = await greeted(fixture);
  assert.match(await send(client, `Subject: x\r\n\r\n..a\r\n${large}`), /^250/);
  assert.equal(seen, `.a\r\n${large}`);
  assert.ok(shown.length > 1);
  assert.match(await send(client, 'Subject: x\r\n'), /^250/);
  assert.equal(seen, '');
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('BDAT 20 LAST\r\nSubject: x\r\n\r\nbody\r\n'), /^250/);
  assert.equal(seen, 'body\r\n');
  isBroken = true;
  assert.match(await send(client, `Subject: x\r\n\r\n${large}`), /^451 4\.3\.0 /);
  isBroken = false;
  assert.match(await send(client, 'Subject: x\r\n\r\nz\r\n'), /^250/);
  assert.equal(fixture.memory.usedBytes, 0);
});

for (const [what, body] of [
  ['small', 'one\r\n..two\r\n'],
  ['large', large],
] as const) {
  test(`header and body of a ${what} message are shown, and stored as they came`, async (t) => {
    const seen: unknown[] = [];
    const fixture = await withStages(t, {
      name: 'reader',
      headers: ({ header, transaction }) => {
        seen.push(header.fields.map(({ name, value }) => `${name}:${value}`));
        seen.push(transaction.recipients[0]?.address);
        return goOn;
      },
      content: async (facts) => {
        const read = await bodyOf(facts);
        assert.equal(facts.body.sizeBytes, read.length);
        seen.push(read, await bodyOf(facts), facts.transaction.queueId);
        return goOn;
      },
    });
    const client = await greeted(fixture);
    const header = 'Subject: x\r\nTo: a,\r\n b\r\n\r\n';
    assert.equal(await send(client, header + body), '250 2.0.0 queued as ID1');
    const plain = body.replaceAll('\r\n..', '\r\n.');
    assert.deepEqual(seen, [['subject: x', 'to: a,\r\n b'], 'b@example.com', plain, plain, 'ID1']);
    assert.equal(storedOf(fixture), header + plain);
    assert.equal(fixture.spool.kept[0]?.large, what === 'large');
    assert.equal(fixture.memory.usedBytes, 0);
  });
}

for (const point of ['headers', 'content'] as const) {
  for (const size of ['small', 'large'] as const) {
    test(`a ${size} message is refused, deferred, discarded or let in at ${point}, at once or later`, async (t) => {
      let verdict: Verdict = goOn;
      const fixture = await withStages(t, {
        name: 'judge',
        [point]: () => (size === 'small' ? verdict : Promise.resolve(verdict)),
      });
      const client = await greeted(fixture);
      const content = `Subject: x\r\n\r\n${size === 'small' ? '' : large}`;
      for (const [next, expected] of [
        [unknown, '550 5.1.1 No such user here'],
        [later, '451 4.7.1 Greylisted'],
        [{ kind: 'discard', reason: 'unwanted' }, '250 2.0.0 Ok'],
      ] as const) {
        verdict = next;
        assert.equal(await send(client, content), expected);
        assert.equal(fixture.memory.usedBytes, 0);
      }
      assert.equal(fixture.spool.kept.length, 0);
      assert.equal(
        fixture.log.filter((line) => line.includes('"command":"content","stage":"judge"')).length,
        2,
      );
      assert.equal(fixture.log.filter((line) => line.includes('"discarded"')).length, 1);
      verdict = goOn;
      assert.match(await send(client, content), /^250 2\.0\.0 queued as/);
      verdict = bye;
      await envelope(client);
      client.send(`${content}.\r\n`);
      assert.equal(await client.reply(), '421 4.7.0 mx.example.org Go away');
      assert.equal(await client.reply(), '');
      await turns();
      assert.equal(fixture.memory.usedBytes, 0);
      assert.equal(fixture.spool.kept.length, 1);
    });
  }
}

test('fields are edited at every point of a message, in order, and later stages see it', async (t) => {
  const add = (value: string): Verdict => ({
    kind: 'continue',
    edits: [{ kind: 'add-field', name: 'X', value }],
  });
  const seen: string[] = [];
  const fixture = await withStages(
    t,
    {
      name: 'first',
      mail: () => add('mail'),
      rcpt: () => add('rcpt'),
      data: () => add('data'),
      headers: ({ header }) => {
        seen.push(header.fields.map(({ value }) => value.trim()).join(' '));
        return {
          kind: 'continue',
          edits: [
            { kind: 'change-field', name: 'Subject', occurrence: 1, value: 'changed' },
            { kind: 'remove-field', name: 'X', occurrence: 2 },
          ],
        };
      },
      content: () => ({
        kind: 'continue',
        edits: [
          { kind: 'insert-field', at: 0, name: 'Top', value: 'top' },
          { kind: 'insert-field', at: 2, name: 'Below', value: 'below' },
        ],
      }),
    },
    {
      name: 'second',
      content: ({ header }) => {
        seen.push(header.fields.map(({ value }) => value.trim()).join(' '));
        return goOn;
      },
    },
  );
  const client = await greeted(fixture);
  assert.match(await send(client, 'Subject: x\r\n\r\nbody\r\n'), /^250/);
  assert.deepEqual(seen, ['x mail rcpt data', 'top below changed mail data']);
  assert.match(
    fixture.spool.kept[0]?.content ?? '',
    /^Top: top\r\nReceived: [^]*;\r\n[^]*\r\nBelow: below\r\nSubject: changed\r\nX: mail\r\nX: data\r\n\r\nbody\r\n$/,
  );
});

test('an edit from before the header needs no stage that looks at it', async (t) => {
  const fixture = await withStages(t, {
    name: 'marker',
    data: () => ({ kind: 'continue', edits: [{ kind: 'add-field', name: 'X-Seen', value: 'yes' }] }),
  });
  const client = await greeted(fixture);
  for (const body of ['small\r\n', large]) {
    assert.match(await send(client, `Subject: x\r\n\r\n${body}`), /^250/);
    assert.equal(storedOf(fixture), `Subject: x\r\nX-Seen: yes\r\n\r\n${body}`);
  }
});

const large2 = `${'y'.repeat(70)}\r\n`.repeat(4000);

for (const [before, after] of [
  ['old\r\n', 'new\r\n'],
  [large, 'new\r\n'],
  ['old\r\n', large2],
  [large, large2],
  ['old\r\n', ''],
  ['', 'new\r\n'],
] as const) {
  test(`a body of ${before.length} bytes is replaced by one of ${after.length}`, async (t) => {
    const seen: string[] = [];
    const fixture = await withStages(
      t,
      {
        name: 'rewriter',
        content: () => ({ kind: 'continue', edits: [{ kind: 'replace-body', body: Buffer.from(after) }] }),
      },
      {
        name: 'reader',
        content: async (facts) => {
          seen.push(await bodyOf(facts));
          return goOn;
        },
      },
    );
    const client = await greeted(fixture);
    assert.match(await send(client, `Subject: x\r\n\r\n${before}`), /^250/);
    assert.deepEqual(seen, [after]);
    assert.equal(storedOf(fixture), `Subject: x\r\n\r\n${after}`);
    assert.equal(fixture.spool.kept[0]?.large, after.length > 10_000);
    assert.equal(fixture.memory.usedBytes, 0);
  });
}

test('a message without an empty line is all header', async (t) => {
  const seen: string[] = [];
  const fixture = await withStages(t, {
    name: 'reader',
    content: async (facts) => {
      seen.push(facts.header.fields.map(({ name }) => name).join(' '), await bodyOf(facts));
      const edits: Edit[] = [{ kind: 'add-field', name: 'X', value: '1' }];
      if (seen.length > 2) edits.push({ kind: 'replace-body', body: Buffer.from('body\r\n') });
      return { kind: 'continue', edits };
    },
  });
  const client = await greeted(fixture);
  assert.match(await send(client, 'Subject: x\r\nTo: y\r\n'), /^250/);
  assert.equal(storedOf(fixture), 'Subject: x\r\nTo: y\r\nX: 1\r\n');
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('BDAT 10 LAST\r\nSubject: x'), /^250/);
  assert.equal(storedOf(fixture), 'Subject: x\r\nX: 1\r\n\r\nbody\r\n');
  assert.deepEqual(seen, ['subject to', '', 'subject', '']);
});

test('a header that is too large to be examined is refused, and only where a stage examines it', async (t) => {
  const content = `${`X: ${'x'.repeat(500)}\r\n`.repeat(1100)}\r\nbody\r\n`;
  for (const [stage, expected] of [
    [{ name: 'reader', headers: () => goOn }, /^552 5\.3\.4 Header is larger than the 512 KiB/],
    [{ name: 'other', mail: () => goOn }, /^250/],
  ] as const satisfies readonly (readonly [Stage, RegExp])[]) {
    const fixture = await withStages(t, stage);
    const client = await greeted(fixture);
    assert.match(await send(client, content), expected);
    assert.equal(fixture.memory.usedBytes, 0);
    assert.match(await client.ask('NOOP\r\n'), /^250/);
  }
});

test('what stages add to a message is bounded', async (t) => {
  let edits: readonly Edit[] = [];
  const fixture = await withStages(t, { name: 'greedy', content: () => ({ kind: 'continue', edits }) });
  const client = await greeted(fixture);
  const line = `${'x'.repeat(900)}\r\n `.repeat(10);
  for (const [next, what] of [
    [
      Array.from({ length: 30 }, () => ({ kind: 'add-field', name: 'X', value: `${line}x` })),
      /header fields/,
    ],
    [
      Array.from({ length: 1001 }, () => ({ kind: 'add-recipient', recipient: { address: 'a@b.example' } })),
      /recipients/,
    ],
    [[{ kind: 'replace-body', body: Buffer.alloc(1_000_001, 'x') }], /max_message_size/],
    [[{ kind: 'replace-body', body: Buffer.from('a\nb\r\n') }], /an LF alone/],
    [[{ kind: 'replace-body', body: Buffer.from('a\rb\r\n') }], /a CR alone/],
    [[{ kind: 'add-field', name: 'X', value: 'a\r\nBcc: b@example.org' }], /does not go on with the field/],
  ] as const) {
    edits = next as readonly Edit[];
    assert.match(await send(client, 'Subject: x\r\n\r\n'), /^451 4\.3\.0 A check of this server failed/);
    assert.match(fixture.troubles.list[0]?.text ?? '', what);
  }
  assert.equal(fixture.spool.kept.length, 0);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('the envelope is changed until the end of the content', async (t) => {
  const fixture = await withStages(t, {
    name: 'late',
    content: () => ({
      kind: 'continue',
      edits: [
        { kind: 'change-sender', address: '' },
        { kind: 'add-recipient', recipient: { address: 'archive@example.org' } },
        { kind: 'remove-recipient', address: 'b@example.com' },
      ],
    }),
  });
  const client = await greeted(fixture);
  assert.match(await send(client, 'Subject: x\r\n\r\n'), /^250/);
  assert.equal(fixture.submitted[0]?.reversePath, '');
  assert.deepEqual(fixture.submitted[0]?.recipients, ['archive@example.org']);
  assert.match(fixture.spool.kept[0]?.content ?? '', /for <archive@example\.org>/);
});

test('content that the session refuses is decided about by no stage', async (t) => {
  let asked = 0;
  const fixture = await withStages(t, {
    name: 'counter',
    content: () => {
      asked++;
      return goOn;
    },
  });
  const client = await greeted(fixture);
  assert.match(await send(client, 'Subject: x\r\n\r\none\ntwo\r\n'), /^550 5\.6\.0/);
  assert.equal(asked, 0);
  assert.match(await send(client, 'Subject: x\r\n\r\n'), /^250/);
  assert.equal(asked, 1);
});

test('a message is quarantined at every point of its transaction, for the first reason, and logged', async (t) => {
  let point = '';
  const at = (here: string) => (): Verdict =>
    here === point ? { kind: 'quarantine', reason: `at ${here}`, edits: [marked] } : goOn;
  const marked: Edit = { kind: 'add-field', name: 'X-Marked', value: 'yes' };
  const judge = (name: string): Stage => ({
    name,
    mail: at('mail'),
    rcpt: at('rcpt'),
    data: at('data'),
    headers: at('headers'),
    content: at('content'),
  });
  const fixture = await withStages(t, judge('first'), {
    name: 'second',
    content: ({ transaction }) => ({ kind: 'quarantine', reason: `after ${transaction.quarantine}` }),
  });
  const client = await greeted(fixture);
  for (point of ['mail', 'rcpt', 'data', 'headers', 'content']) {
    assert.match(await send(client, 'Subject: x\r\n\r\n'), /^250 2\.0\.0 queued as/);
    assert.equal(fixture.spool.kept.at(-1)?.envelope.quarantine, `at ${point}`);
    assert.equal(fixture.submitted.at(-1)?.quarantine, `at ${point}`);
    assert.equal(storedOf(fixture), 'Subject: x\r\nX-Marked: yes\r\n\r\n');
    assert.match(fixture.log.at(-1) ?? '', new RegExp(`"event":"received".*"quarantine":"at ${point}"`));
  }
  point = '';
  assert.match(await send(client, 'Subject: x\r\n\r\n'), /^250/);
  assert.equal(fixture.spool.kept.at(-1)?.envelope.quarantine, 'after undefined');
});

test('a stage that fails may have its messages held; before MAIL they are refused for now', async (t) => {
  const broken = () => {
    throw new Error('out of order');
  };
  const fixture = await withStages(t, { name: 'scanner', onFailure: 'quarantine', content: broken });
  const client = await greeted(fixture);
  assert.match(await send(client, 'Subject: x\r\n\r\n'), /^250/);
  assert.equal(fixture.spool.kept.at(-1)?.envelope.quarantine, 'the check "scanner" failed');
  const garbage = {
    name: 'scanner',
    onFailure: 'quarantine',
    content: () => ({ kind: 'x' }) as never,
  } as const;
  const second = await withStages(t, garbage);
  assert.match(await send(await greeted(second), 'Subject: x\r\n\r\n'), /^250/);
  assert.equal(second.spool.kept.at(-1)?.envelope.quarantine, 'the check "scanner" failed');
  const early = await withStages(t, { name: 'scanner', onFailure: 'quarantine', connect: broken });
  assert.match(await (await early.client()).reply(), /^421 4\.3\.0/);
});

test('no timeout runs while the disk is waited for, after a stage was', async (t) => {
  const decided = Promise.withResolvers<Verdict>();
  const written = Promise.withResolvers<void>();
  const fixture = await withStages(t, { name: 'slow', content: () => decided.promise });
  fixture.spool.gate = written.promise;
  const client = await greeted(fixture);
  await envelope(client);
  client.send('Subject: x\r\n\r\n.\r\nNOOP\r\n');
  await turns();
  decided.resolve(goOn);
  await pass(fixture, 400_000); // timeout_command is 300 s
  written.resolve();
  assert.match(await client.reply(), /^250 2\.0\.0 queued as/);
  assert.match(await client.reply(), /^250/);
});
