// clamd as a stage, in real SMTP sessions: what it gets, and what becomes of messages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stage } from '../../../src/policy/stage.ts';
import { start } from '../../receive/fixture.ts';
import { greeted, sendMessage } from '../milter/milter-fixture.ts';
import { clamdStage, receiverWith } from './clamd-fixture.ts';
import { ScriptedClamd } from './scripted-clamd.ts';

const virus = { say: (moment: string) => (moment === 'end' ? 'stream: Test.Eicar FOUND\0' : undefined) };

const message = 'Subject: x\r\nX-Folded: a\r\n b\r\n\r\n.one\r\ntwo\r\n';

test('clamd gets the message as it will leave, without our own Received field', async (t) => {
  const clamd = await ScriptedClamd.start(t);
  const earlier: Stage = {
    name: 'earlier',
    content: () => ({
      kind: 'continue',
      edits: [
        { kind: 'insert-field', at: 1, name: 'X-New', value: 'y' },
        { kind: 'replace-body', body: Buffer.from('other\r\n') },
      ],
    }),
  };
  const fixture = await receiverWith(t, clamd, {}, [{ stage: earlier }]);
  const replies = await sendMessage(await greeted(fixture), { content: message });
  assert.match(replies.at(-1) ?? '', /^250 /);
  const [talk] = clamd.talks;
  assert.equal(talk?.command, 'zINSTREAM');
  assert.equal(talk?.message, 'X-New: y\r\nSubject: x\r\nX-Folded: a\r\n b\r\n\r\nother\r\n');
  const [kept] = fixture.spool.kept;
  assert.ok(kept?.content.endsWith(talk?.message ?? '-'));
  await clamd.until(() => talk?.hasEnded === true);
});

test('a message larger than large_message comes from its file, in chunks', async (t) => {
  const clamd = await ScriptedClamd.start(t);
  const fixture = await receiverWith(t, clamd);
  const body = 'x'.repeat(70) + '\r\n';
  const content = `Subject: large\r\n\r\n${body.repeat(5000)}`;
  assert.match((await sendMessage(await greeted(fixture), { content })).at(-1) ?? '', /^250 /);
  assert.equal(clamd.talks[0]?.message, content);
  assert.equal(fixture.spool.kept[0]?.large, true);
});

for (const [what, content] of [
  ['no header', '\r\nbody\r\n'],
  ['no body', 'Subject: x\r\n'],
  ['nothing at all', ''],
  ['a line that is no field', 'Subject: x\r\nno field\r\nX-After: y\r\n\r\nbody\r\n'],
] as const) {
  test(`a message with ${what} is scanned`, async (t) => {
    const clamd = await ScriptedClamd.start(t);
    const fixture = await receiverWith(t, clamd);
    assert.match((await sendMessage(await greeted(fixture), { content })).at(-1) ?? '', /^250 /);
    const scanned = clamd.talks[0]?.message ?? '';
    assert.equal(scanned.trimEnd(), content.trimEnd());
  });
}

test('a message with a virus is refused for good, and nothing is stored', async (t) => {
  const clamd = await ScriptedClamd.start(t, virus);
  const fixture = await receiverWith(t, clamd);
  const client = await greeted(fixture);
  assert.match(
    (await sendMessage(client)).at(-1) ?? '',
    /^550 5\.7\.1 This message has the virus Test\.Eicar$/,
  );
  assert.deepEqual(fixture.spool.kept, []);
  clamd.script = {};
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.deepEqual(fixture.troubles.list, []);
});

test('what has a virus can be held, with the reason', async (t) => {
  const clamd = await ScriptedClamd.start(t, virus);
  const onVirus = { action: 'quarantine', route: undefined, field: undefined } as const;
  const fixture = await receiverWith(t, clamd, { onVirus });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  assert.equal(fixture.spool.kept[0]?.envelope.quarantine, 'clamav found the virus Test.Eicar');
});

test('what has a virus can be dropped, or put off', async (t) => {
  const clamd = await ScriptedClamd.start(t, virus);
  for (const [action, reply] of [
    ['discard', /^250 /],
    ['tempfail', /^451 4\.7\.1 This message has the virus/],
  ] as const) {
    const fixture = await receiverWith(t, clamd, { onVirus: { action, route: undefined, field: undefined } });
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', reply);
    assert.deepEqual(fixture.spool.kept, []);
  }
});

test('what has a virus can go on by a route of its own, with a field; stages after it know', async (t) => {
  const clamd = await ScriptedClamd.start(t, virus);
  const results: unknown[] = [];
  const onVirus = { action: 'continue', route: 'bulk', field: { name: 'X-Virus', value: 'yes' } } as const;
  const fixture = await start(t, {
    stages: [
      { stage: clamdStage(clamd, { onVirus }) },
      {
        stage: {
          name: 'later',
          content: (facts) => {
            results.push(facts.resultOf('clamav'));
            return { kind: 'continue' };
          },
        },
      },
    ],
  });
  const client = await greeted(fixture);
  await sendMessage(client, { to: ['a@example.com', 'b@example.com'] });
  clamd.script = {};
  await sendMessage(client);
  assert.deepEqual(results, [{ verdict: 'virus', virus: 'Test.Eicar' }, { verdict: 'clean' }]);
  const [marked, clean] = fixture.spool.kept;
  assert.deepEqual(
    marked?.envelope.recipients.map(({ route }) => route),
    ['bulk', 'bulk'],
  );
  assert.match(marked?.content ?? '', /^Received: [^]*?\r\nX-Virus: yes\r\nSubject: x\r\n/);
  assert.equal(clean?.envelope.recipients[0]?.route, undefined);
  assert.doesNotMatch(clean?.content ?? '', /X-Virus/);
});

for (const [onTooLarge, reply] of [
  ['tempfail', /^451 4\.7\.1 This message is too large for the scan for viruses/],
  ['reject', /^550 5\.7\.1 /],
  ['continue', /^250 /],
  ['quarantine', /^250 /],
] as const) {
  test(`a message that is too large for clamd: ${onTooLarge}`, async (t) => {
    const clamd = await ScriptedClamd.start(t, {
      say: (moment) => (moment === 'chunk' ? 'INSTREAM size limit exceeded. ERROR\0' : undefined),
    });
    const fixture = await receiverWith(t, clamd, { onTooLarge });
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', reply);
    // One that is larger than max_size is not handed to it at all.
    const small = await receiverWith(t, clamd, { onTooLarge, maxSizeBytes: 20 });
    assert.match((await sendMessage(await greeted(small))).at(-1) ?? '', reply);
    assert.equal(clamd.talks.length, 1);
    for (const { spool, troubles } of [fixture, small]) {
      const held = spool.kept.map(({ envelope }) => envelope.quarantine);
      const expected = { tempfail: [], reject: [], continue: [undefined] }[onTooLarge as 'reject'];
      assert.deepEqual(held, expected ?? ['it is larger than what is scanned for viruses']);
      assert.deepEqual(troubles.list, []);
    }
  });
}
