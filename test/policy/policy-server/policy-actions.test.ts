// What follows from the actions of policy servers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyPoint, policyPoints } from '../../../src/values/policy-points.ts';
import type { Stage } from '../../../src/policy/stage.ts';
import { type Fixture, start } from '../../receive/fixture.ts';
import { greeted, sendMessage } from '../milter/milter-fixture.ts';
import { policyStages, receiverAsking } from './policy-fixture.ts';
import { action, type PolicyScript, ScriptedPolicyServer } from './scripted-policy-server.ts';

/** At which reply of `sendMessage` a client hears of a point. */
const places = { mail: 0, rcpt: 1, data: 2, 'end-of-data': 3 } as const;

const states: Readonly<Record<PolicyPoint, string>> = {
  connect: 'CONNECT',
  helo: 'EHLO',
  mail: 'MAIL',
  rcpt: 'RCPT',
  data: 'DATA',
  'end-of-data': 'END-OF-MESSAGE',
};

/** Answers at one point, and DUNNO at the others. */
function answering(point: PolicyPoint, text: string): PolicyScript {
  return (question) => action(question.get('protocol_state') === states[point] ? text : 'DUNNO');
}

const refusals: readonly (readonly [string, RegExp])[] = [
  ['REJECT', /^554 5\.7\.1 Access denied$/],
  ['REJECT 5.1.2 not you', /^554 5\.1\.2 not you$/],
  ['DEFER later', /^450 4\.7\.1 later$/],
  ['DEFER_IF_PERMIT 4.2.0 Greylisted', /^450 4\.2\.0 Greylisted$/],
  ['550 5.1.1 unknown', /^550 5\.1\.1 unknown$/],
  ['451 4.4.3 no DNS', /^451 4\.4\.3 no DNS$/],
  ['421 4.7.0 go', /^421 4\.7\.0 mx\.example\.org go$/],
  ['521 5.7.0 go', /^521 5\.7\.0 go$/],
];
for (const [point, place] of Object.entries(places) as [keyof typeof places, number][]) {
  for (const [text, expected] of refusals) {
    test(`${text} at ${point} is the answer to it`, async (t) => {
      const server = await ScriptedPolicyServer.start(t, answering(point, text));
      const fixture = await receiverAsking(t, [server], { at: policyPoints });
      const client = await greeted(fixture);
      const replies = await sendMessage(client);
      assert.match(replies[place] ?? '', expected);
      assert.deepEqual(fixture.spool.kept, []);
      assert.deepEqual(fixture.troubles.list, []);
      if (/^[45]21 /.test(text)) assert.equal(await client.reply(), '');
    });
  }

  test(`HANGUP at ${point} ends the connection without a reply`, async (t) => {
    const server = await ScriptedPolicyServer.start(t, answering(point, 'HANGUP'));
    const client = await greeted(await receiverAsking(t, [server], { at: policyPoints }));
    assert.equal((await sendMessage(client)).at(-1), '');
  });

  test(`HOLD at ${point} puts the message into quarantine`, async (t) => {
    const server = await ScriptedPolicyServer.start(t, answering(point, 'HOLD it is odd'));
    const fixture = await receiverAsking(t, [server], { at: policyPoints });
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
    assert.equal(fixture.spool.kept[0]?.envelope.quarantine, 'it is odd');
  });

  test(`DISCARD at ${point} drops the message with 250`, async (t) => {
    const server = await ScriptedPolicyServer.start(t, answering(point, 'DISCARD a loop'));
    const fixture = await receiverAsking(t, [server], { at: policyPoints });
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
    assert.deepEqual(fixture.spool.kept, []);
    assert.match(fixture.log.join(''), /"discarded".*a loop/);
  });

  test(`REDIRECT, BCC, FILTER and PREPEND at ${point} are about the whole message`, async (t) => {
    const texts = [
      'PREPEND X-One: 1',
      'PREPEND X-Two: zwei ü',
      'REDIRECT first@example.com',
      'REDIRECT other@far.test',
      'BCC copy@example.com',
      'FILTER partner:[127.0.0.1]:10025',
      'DUNNO',
    ];
    const answer = texts.map((text) => `action=${text}\n`).join('');
    const server = await ScriptedPolicyServer.start(t, (question) =>
      question.get('protocol_state') === states[point] ? `${answer}\n` : action('DUNNO'),
    );
    const fixture = await receiverAsking(t, [server], { at: policyPoints });
    const client = await greeted(fixture);
    assert.match(
      (await sendMessage(client, { to: ['b@example.com', 'c@example.com'] })).at(-1) ?? '',
      /^250 /,
    );
    const [kept] = fixture.spool.kept;
    assert.deepEqual(
      kept?.envelope.recipients.map(({ address, route }) => [address, route]),
      [
        ['other@far.test', 'partner'],
        ['copy@example.com', 'partner'],
      ],
    );
    // At RCPT it was said once for each recipient.
    const fields = 'X-One: 1\r\nX-Two: zwei ü\r\n';
    const times = point === 'rcpt' ? 2 : 1;
    assert.ok(
      Buffer.from(kept?.content ?? '', 'latin1')
        .toString('utf8')
        .startsWith(`${fields.repeat(times)}Received: `),
      kept?.content,
    );
    // What was said is not about the next message.
    server.script = () => action('DUNNO');
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    const next = fixture.spool.kept[1];
    assert.deepEqual(
      next?.envelope.recipients.map(({ address, route }) => [address, route]),
      [['b@example.com', undefined]],
    );
    assert.ok(next?.content.startsWith('Received: '));
  });
}

for (const [point, expected] of [
  ['connect', /^554 5\.7\.1 not you$/],
  // Who has not said EHLO yet gets no enhanced status code.
  ['helo', /^554 not you$/],
] as const) {
  test(`REJECT at ${point} is the answer to it`, async (t) => {
    const server = await ScriptedPolicyServer.start(t, answering(point, 'REJECT not you'));
    const client = await (await receiverAsking(t, [server], { at: policyPoints })).client();
    const replies = [await client.reply(), await client.ask('EHLO client.test\r\n')];
    assert.match(replies[point === 'connect' ? 0 : 1] ?? '', expected);
  });

  for (const text of [
    'HOLD',
    'DISCARD',
    'PREPEND X-A: b',
    'REDIRECT a@b.test',
    'BCC a@b.test',
    'FILTER partner',
  ]) {
    test(`${text} at ${point}, where there is no message, is a failure`, async (t) => {
      const server = await ScriptedPolicyServer.start(t, answering(point, text));
      const fixture = await receiverAsking(t, [server], { at: policyPoints });
      const client = await fixture.client();
      const replies = [await client.reply(), await client.ask('EHLO client.test\r\n')];
      assert.match(replies[point === 'connect' ? 0 : 1] ?? '', /^4[25]1 .*A check of this server failed/);
      assert.match(fixture.troubles.list[0]?.text ?? '', /where there is no message yet/);
    });
  }
}

test('texts of WARN and INFO are in the log, and the mail goes on', async (t) => {
  const server = await ScriptedPolicyServer.start(t, () => 'action=WARN hm\naction=INFO so\n\n');
  const lines: string[] = [];
  const log = { info: (text: string) => lines.push(text) };
  const fixture = await receiverAsking(t, [server], { log });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  assert.deepEqual(lines, ['stage "policy-1": warn: hm', 'stage "policy-1": info: so']);
});

/** Two servers that answer so at RCPT, and what a client hears. */
async function both(t: Parameters<typeof start>[0], first: string, second: string) {
  const servers = [
    await ScriptedPolicyServer.start(t, () => action(first)),
    await ScriptedPolicyServer.start(t, () => action(second)),
  ];
  const fixture = await receiverAsking(t, servers);
  const reply = (await sendMessage(await greeted(fixture)))[1] ?? '';
  return { reply, asked: servers.map(({ questions }) => questions.length), fixture };
}

for (const [first, second, expected, asked] of [
  ['DUNNO', 'REJECT', /^554 /, [1, 1]],
  ['OK', 'REJECT', /^250 /, [1, 0]],
  ['DEFER_IF_PERMIT one', 'DUNNO', /^450 4\.7\.1 one$/, [1, 1]],
  ['DEFER_IF_PERMIT one', 'OK', /^450 4\.7\.1 one$/, [1, 1]],
  ['DEFER_IF_PERMIT one', 'DEFER_IF_PERMIT two', /^450 4\.7\.1 one$/, [1, 1]],
  ['DEFER_IF_PERMIT one', '550 5.1.1 no', /^550 5\.1\.1 no$/, [1, 1]],
  ['DEFER_IF_REJECT one', '550 5.1.1 no', /^450 4\.7\.1 one$/, [1, 1]],
  ['DEFER_IF_REJECT one', '451 4.1.1 later', /^451 4\.1\.1 later$/, [1, 1]],
  ['DEFER_IF_REJECT one', 'DUNNO', /^250 /, [1, 1]],
] as const) {
  test(`${first}, and then ${second}`, async (t) => {
    const { reply, asked: times, fixture } = await both(t, first, second);
    assert.match(reply, expected);
    assert.deepEqual(times, asked);
    assert.deepEqual(fixture.troubles.list, []);
  });
}

test('what is said of one recipient does not hold for the next', async (t) => {
  const first = await ScriptedPolicyServer.start(t, (question) =>
    action(question.get('recipient') === 'b@example.com' ? 'OK' : 'DUNNO'),
  );
  const second = await ScriptedPolicyServer.start(t, (question) =>
    action(question.get('recipient') === 'c@example.com' ? 'DEFER_IF_PERMIT later' : 'DUNNO'),
  );
  const third = await ScriptedPolicyServer.start(t);
  const client = await greeted(await receiverAsking(t, [first, second, third]));
  const to = ['b@example.com', 'c@example.com', 'c@example.com', 'd@example.com'];
  const replies = await sendMessage(client, { to });
  assert.deepEqual(
    replies.map((reply) => reply.slice(0, 3)),
    ['250', '250', '450', '450', '250', '354', '250'],
  );
  assert.deepEqual(
    third.questions.map((question) => question.get('recipient')),
    ['c@example.com', 'c@example.com', 'd@example.com'],
  );
});

test('a refusal of somebody else counts before a deferral if permitted, when it comes from the list', async (t) => {
  const server = await ScriptedPolicyServer.start(t, () => action('DEFER_IF_PERMIT later'));
  const never: Stage = {
    name: 'never',
    rcpt: () => ({ kind: 'reject', reply: { code: 550, enhanced: '5.1.1', text: 'never' } }),
  };
  // A stage of another kind begins another list.
  const stages = [...policyStages([server]), { stage: never }];
  const fixture: Fixture = await start(t, { stages });
  assert.match((await sendMessage(await greeted(fixture)))[1] ?? '', /^450 4\.7\.1 later$/);
});

test('what was said of a message that was given up is forgotten', async (t) => {
  const server = await ScriptedPolicyServer.start(
    t,
    () => 'action=REDIRECT x@example.com\naction=PREPEND X-A: b\n\n',
  );
  const fixture = await receiverAsking(t, [server]);
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  await client.ask('RSET\r\n');
  server.script = () => action('DUNNO');
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  const [kept] = fixture.spool.kept;
  assert.deepEqual(
    kept?.envelope.recipients.map(({ address }) => address),
    ['b@example.com'],
  );
  assert.ok(kept?.content.startsWith('Received: '));
});
