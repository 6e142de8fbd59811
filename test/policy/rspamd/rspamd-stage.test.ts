// rspamd as a stage, in real SMTP sessions: what it is told, and what becomes of messages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RspamdPost } from '../../../src/policy/rspamd/post.ts';
import { greeted, start } from '../../receive/fixture.ts';
import { sendMessage } from '../milter/milter-fixture.ts';
import { receiverWith, rspamdStage } from './rspamd-fixture.ts';
import { clean, reply, type RspamdMoment, ScriptedRspamd } from './scripted-rspamd.ts';

function noBody(): never {
  assert.fail('there is no new body');
}

/** Answers each question with this. */
function says(json: object) {
  return { say: (moment: RspamdMoment) => (moment === 'end' ? reply(json) : undefined) };
}

const message = 'From: a@b.test\r\nX-Spam: No\r\nSubject: x\r\nX-A: 1\r\nX-A: 2\r\n\r\none\r\n';

async function sent(
  t: Parameters<typeof start>[0],
  json: object,
  more: Parameters<typeof rspamdStage>[1] = {},
) {
  const rspamd = await ScriptedRspamd.start(t, says(json));
  const fixture = await receiverWith(t, rspamd, more);
  const replies = await sendMessage(await greeted(fixture), {
    content: message,
    to: ['a@example.com', 'b@example.com'],
  });
  const [kept] = fixture.spool.kept;
  const content = kept?.content.replace(/^Received: [^]*?\r\n(?=\S)/u, '');
  return { last: replies.at(-1) ?? '', kept, content, fixture, rspamd };
}

test('rspamd is told of the client, and gets the message as it will leave', async (t) => {
  const rspamd = await ScriptedRspamd.start(t);
  const fixture = await receiverWith(
    t,
    rspamd,
    {
      settings: {
        mtaName: 'mx.example.org',
        settingsId: 'outbound',
        flags: ['no_log', 'groups'],
        passAll: true,
      },
      password: async () => 'secret',
    },
    {
      stages: [
        {
          stage: {
            name: 'x',
            content: () => ({ kind: 'continue', edits: [{ kind: 'add-field', name: 'X-New', value: 'y' }] }),
          },
        },
      ],
    },
  );
  const client = await greeted(fixture);
  const to = ['a@example.com', 'b@example.com'];
  assert.match((await sendMessage(client, { to })).at(-1) ?? '', /^250 /);
  const [question] = rspamd.questions;
  assert.equal(question?.line, 'POST /checkv2 HTTP/1.1');
  assert.equal(question?.message, 'Subject: x\r\nX-New: y\r\n\r\nHello\r\n');
  assert.deepEqual(question?.all('rcpt'), ['<a@example.com>', '<b@example.com>']);
  const told = Object.fromEntries(question?.fields ?? []);
  const { rcpt: _, host: _host, connection: _connection, 'queue-id': queueId, ...others } = told;
  assert.match(queueId ?? '', /^\S+$/);
  assert.deepEqual(others, {
    ip: '127.0.0.1',
    helo: 'client.example',
    hostname: 'localhost',
    from: '<a@example.com>',
    'mta-name': 'mx.example.org',
    'settings-id': 'outbound',
    password: 'secret',
    flags: 'no_log,groups,body_block',
    pass: 'all',
    milter: 'Yes',
    'content-length': String(question?.message.length),
  });
  await sendMessage(client, { from: '', to: ['a@example.com'] });
  assert.equal(rspamd.questions[1]?.field('from'), '<>');
  assert.equal(rspamd.questions[1]?.field('deliver-to'), 'a@example.com');
  // One connection serves both.
  assert.equal(rspamd.connections, 1);
});

test('what is clean goes on as it is', async (t) => {
  for (const action of ['no action', 'greylist', 'my own action']) {
    const { last, content, kept } = await sent(t, { ...clean, action });
    assert.match(last, /^250 /);
    assert.equal(content, message);
    assert.equal(kept?.envelope.quarantine, undefined);
  }
});

test('what rspamd refuses is refused, with its text', async (t) => {
  const { last, fixture } = await sent(t, {
    ...clean,
    action: 'reject',
    messages: { smtp_message: 'Gtube\r\npattern' },
  });
  assert.equal(last, '550 5.7.1 Gtube pattern');
  assert.deepEqual(fixture.spool.kept, []);
  assert.equal(
    (await sent(t, { ...clean, action: 'reject' })).last,
    '550 5.7.1 This message was taken for spam',
  );
  assert.equal((await sent(t, { ...clean, action: 'soft reject' })).last, '451 4.7.1 Try again later');
  const greylisted = { ...clean, action: 'soft reject', messages: { smtp_message: 'Greylisted' } };
  assert.equal((await sent(t, greylisted)).last, '451 4.7.1 Greylisted');
});

test('add header puts its own mark in place of what the sender has said', async (t) => {
  const { content } = await sent(t, { ...clean, action: 'add header' });
  assert.equal(content, 'From: a@b.test\r\nSubject: x\r\nX-A: 1\r\nX-A: 2\r\nX-Spam: Yes\r\n\r\none\r\n');
  const own = { ...clean, action: 'add header', milter: { spam_header: { 'X-A': 'spam' } } };
  assert.equal(
    (await sent(t, own)).content,
    'From: a@b.test\r\nX-Spam: No\r\nSubject: x\r\nX-A: spam\r\n\r\none\r\n',
  );
});

test('rewrite subject does that', async (t) => {
  const { content } = await sent(t, { ...clean, action: 'rewrite subject', subject: '[SPAM] x' });
  assert.match(content ?? '', /\r\nSubject: \[SPAM\] x\r\n/);
});

test('discard and quarantine are done', async (t) => {
  const dropped = await sent(t, { ...clean, action: 'discard' });
  assert.match(dropped.last, /^250 /);
  assert.deepEqual(dropped.fixture.spool.kept, []);
  const held = await sent(t, { ...clean, action: 'quarantine', score: 17.123 });
  assert.equal(held.kept?.envelope.quarantine, 'rspamd says "quarantine" (score 17.12 of 15.00)');
  for (const [as, kept] of [
    ['discard', 0],
    ['quarantine', 1],
  ] as const) {
    const { last, fixture } = await sent(t, { ...clean, action: 'reject', milter: { reject: as } });
    assert.match(last, /^250 /);
    assert.equal(fixture.spool.kept.length, kept);
  }
});

test('no_action leaves the message to others, with a field that tells', async (t) => {
  const { content } = await sent(t, { ...clean, action: 'reject', milter: { no_action: true } });
  assert.match(content ?? '', /\r\nX-Rspamd-Action: reject\r\n\r\n/);
});

test('fields are added and removed where rspamd wants them', async (t) => {
  const { content } = await sent(t, {
    ...clean,
    milter: {
      remove_headers: { 'x-a': -1, 'X-Spam': 0, 'X-None': 1 },
      add_headers: { 'X-Top': { value: 'folded\n\tvalue', order: 1 }, 'X-End': 'z' },
    },
    'dkim-signature': ['v=1; one', 'v=1; two'],
  });
  assert.equal(
    content,
    'DKIM-Signature: v=1; one\r\nDKIM-Signature: v=1; two\r\nX-Top: folded\r\n\tvalue\r\nFrom: a@b.test\r\nSubject: x\r\nX-A: 1\r\nX-End: z\r\n\r\none\r\n',
  );
});

test('the envelope is changed as rspamd wants it', async (t) => {
  const { kept } = await sent(t, {
    ...clean,
    milter: {
      change_from: '<new@b.test>',
      add_rcpt: ['<c@b.test>', 'a@example.com'],
      del_rcpt: ['b@example.com'],
    },
  });
  assert.equal(kept?.envelope.reversePath, 'new@b.test');
  assert.deepEqual(
    kept?.envelope.recipients.map(({ address }) => address),
    ['a@example.com', 'c@b.test'],
  );
});

test('spam can go another way, or be held; stages after it know', async (t) => {
  const rspamd = await ScriptedRspamd.start(
    t,
    says({ ...clean, action: 'add header', score: 7, symbols: { B: {}, A: {} } }),
  );
  const results: unknown[] = [];
  const stage = rspamdStage(rspamd, {
    onSpam: { action: 'continue', route: 'bulk', field: { name: 'X-Junk', value: '1' } },
  });
  const later = {
    name: 'later',
    content: (facts: { resultOf(name: string): unknown }) => {
      results.push(facts.resultOf('rspamd'));
      return { kind: 'continue' } as const;
    },
  };
  const fixture = await start(t, { stages: [{ stage }, { stage: later }] });
  await sendMessage(await greeted(fixture));
  assert.deepEqual(results, [
    { verdict: 'spam', action: 'add header', score: '7', required: '15', symbols: 'B A' },
  ]);
  const [kept] = fixture.spool.kept;
  assert.equal(kept?.envelope.recipients[0]?.route, 'bulk');
  assert.match(kept?.content ?? '', /\r\nX-Junk: 1\r\nSubject: x\r\nX-Spam: Yes\r\n/);
  const held = { action: 'quarantine', route: undefined, field: undefined } as const;
  const refused = await sent(
    t,
    { ...clean, action: 'reject', milter: { reject: 'discard' } },
    { onReject: held },
  );
  assert.match(refused.kept?.envelope.quarantine ?? '', /^rspamd says "reject"/);
});

test('a message that is too large for rspamd is not handed to it, or refused by it', async (t) => {
  const large = { say: () => 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n' };
  const rspamd = await ScriptedRspamd.start(t, {
    say: (moment) => (moment === 'header' ? large.say() : undefined),
  });
  for (const maxSizeBytes of [10, 1_000_000]) {
    const fixture = await receiverWith(t, rspamd, { maxSizeBytes, onTooLarge: 'continue' });
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
    assert.deepEqual(fixture.troubles.list, []);
  }
  assert.equal(rspamd.questions.length, 1);
});

test('a connection that rspamd has closed meanwhile is no failure', async (t) => {
  const rspamd = await ScriptedRspamd.start(t);
  const fixture = await receiverWith(t, rspamd);
  const client = await greeted(fixture);
  await sendMessage(client);
  rspamd.script = {
    say: (moment, { socket }) => {
      if (moment === 'header' && rspamd.connections === 1) socket.resetAndDestroy();
      return moment === 'end' && rspamd.connections > 1 ? reply(clean) : undefined;
    },
  };
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.deepEqual(fixture.troubles.list, []);
  assert.equal(rspamd.connections, 2);
});

test('the last byte ends a message, so that no answer to it can come before its end', async (t) => {
  const rspamd = await ScriptedRspamd.start(t);
  const message = {
    sizeBytes: 6,
    async *read() {
      yield Buffer.from('a: b\r\n');
      // An answer could come while this is awaited.
      assert.fail('more was read');
    },
  };
  const post = new RspamdPost(rspamd.address);
  assert.equal((await post.send({}, message, noBody, new AbortController().signal)).kind, 'answer');
});

/** An answer with a new body behind it. */
function rewritten(json: object, body: string): string {
  const text = JSON.stringify(json);
  return reply(`${text}${body}`, `Message-Offset: ${text.length}\r\n`);
}

test('a body that it has rewritten takes the place of the old one, with the changes of the header', async (t) => {
  const large = `${'y'.repeat(70)}\r\n`.repeat(10_000);
  for (const body of ['two\r\n', '', large]) {
    const json = { ...clean, milter: { add_headers: { 'X-B': 'b' } } };
    const rspamd = await ScriptedRspamd.start(t, {
      say: (moment) => (moment === 'end' ? rewritten(json, body) : undefined),
    });
    const fixture = await receiverWith(t, rspamd, {}, { settings: { largeMessageBytes: 100_000 } });
    const client = await greeted(fixture);
    for (const count of [1, 2]) {
      assert.match((await sendMessage(client, { content: message })).at(-1) ?? '', /^250 /);
      assert.equal(fixture.spool.kept[count - 1]?.content.split('X-B: b\r\n\r\n')[1], body);
    }
  }
});

test('a rewritten body of a message that does not go on is dropped', async (t) => {
  const rspamd = await ScriptedRspamd.start(t, {
    say: (moment) => (moment === 'end' ? rewritten({ ...clean, action: 'reject' }, 'two\r\n') : undefined),
  });
  const fixture = await receiverWith(t, rspamd);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^550 5\.7\.1 /);
  assert.equal(fixture.spool.kept.length, 0);
});

test('what it marks, and lets go on, is in the log', async (t) => {
  const { fixture } = await sent(t, { ...clean, action: 'add header' });
  const marked = fixture.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(marked.find(({ event }) => event === 'received')?.['marked'], ['rspamd: spam']);
  const { fixture: other } = await sent(t, clean);
  assert.ok(!other.log.join('').includes('"marked"'));
});
