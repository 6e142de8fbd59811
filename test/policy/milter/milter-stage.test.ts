// A milter as a stage: what it hears of sessions, and what follows from what it says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualExtensions } from '../../protocol/smtp/server/drive.ts';
import { greeted, receiverWith, sendMessage } from './milter-fixture.ts';
import { goOnPacket, number, packet, ScriptedMilter } from './scripted-milter.ts';

test('a milter hears of all that happens, in order', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const client = await greeted(await receiverWith(t, [milter]));
  const content = 'Subject: x\r\nX-Folded:  one\r\n\ttwo\r\nX-Tab:\tthree\r\n\r\nHello\r\n';
  const replies = await sendMessage(client, { to: ['b@example.com', 'c@example.com'], content });
  assert.match(replies.at(-1) ?? '', /^250 /);
  await client.ask('QUIT\r\n');
  await milter.until(() => milter.talks[0]?.hasEnded === true);
  assert.deepEqual(milter.lines, [
    'O 00000006000001ff001fffff',
    'D C j mx.example.org {daemon_name} mx.example.org {daemon_addr} 127.0.0.1 v Sluice 0.1.0 _ localhost [127.0.0.1]',
    'C localhost 4 127.0.0.1',
    'H client.test',
    'D M i ID1 {mail_addr} a@example.com {mail_host} example.com {mail_mailer} smtp',
    'M <a@example.com>',
    'D R i ID1 {rcpt_addr} b@example.com {rcpt_host} example.com {rcpt_mailer} smtp',
    'R <b@example.com>',
    'D R i ID1 {rcpt_addr} c@example.com {rcpt_host} example.com {rcpt_mailer} smtp',
    'R <c@example.com>',
    'D T i ID1',
    'T',
    'L Subject x',
    'L X-Folded  one\n\ttwo',
    'L X-Tab \tthree',
    'D N i ID1',
    'N',
    'B Hello\r\n',
    'D E i ID1',
    'E',
    'Q',
  ]);
});

test('the parameters of MAIL and RCPT are passed on', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const settings = {
    session: {
      ...(await import('../../receive/fixture.ts')).receiveSettings().session,
      extensions: { ...usualExtensions, dsn: true },
    },
  };
  const client = await greeted(await receiverWith(t, [milter], { settings }));
  await client.ask('MAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME RET=HDRS ENVID=a+2Bb\r\n');
  await client.ask('RCPT TO:<b@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@y.test\r\n');
  assert.deepEqual(milter.talks[0]?.last('M'), [
    '<a@example.com>',
    'SIZE=10',
    'BODY=8BITMIME',
    'RET=HDRS',
    'ENVID=a+2Bb',
  ]);
  assert.deepEqual(milter.talks[0]?.last('R'), [
    '<b@example.com>',
    'NOTIFY=SUCCESS,DELAY',
    'ORCPT=rfc822;x@y.test',
  ]);
});

const refusals: readonly (readonly [string, string, Buffer, RegExp])[] = [
  ['MAIL', 'M', packet('r'), /^550 5\.7\.1 Refused by a filter/],
  ['MAIL', 'M', packet('t'), /^451 4\.7\.1 A filter/],
  ['MAIL', 'M', packet('y', '555 5.0.0 100%% no\0'), /^555 5\.0\.0 100% no$/],
  ['RCPT', 'R', packet('r'), /^550 5\.7\.1/],
  ['RCPT', 'R', packet('y', '450-4.2.0 one\r\n450 4.2.0 two\0'), /^450-4\.2\.0 one\r\n450 4\.2\.0 two$/],
  ['DATA', 'T', packet('t'), /^451 4\.7\.1/],
  ['the header', 'L', packet('r'), /^550 5\.7\.1/],
  ['the end of the header', 'N', packet('y', '550 no enhanced code\0'), /^550 no enhanced code$/],
  ['the body', 'B', packet('t'), /^451 4\.7\.1/],
  ['the end of the message', 'E', packet('r'), /^550 5\.7\.1/],
  ['MAIL, with the end of the session', 'M', packet('4'), /^421 4\.7\.0 mx\.example\.org A filter/],
  [
    'RCPT, with a reply that ends the session',
    'R',
    packet('y', '421 4.7.0 go\0'),
    /^421 4\.7\.0 mx\.example\.org go$/,
  ],
];
for (const [what, letter, answer, expected] of refusals) {
  test(`a refusal at ${what} is its answer: ${JSON.stringify(answer.toString('latin1', 4))}`, async (t) => {
    const milter = await ScriptedMilter.start(t, {
      answer: (heard) => (heard.letter === letter ? [answer] : [goOnPacket]),
    });
    const fixture = await receiverWith(t, [milter]);
    const client = await greeted(fixture);
    const replies = await sendMessage(client);
    const place = { M: 0, R: 1, T: 2 }[letter] ?? 3;
    assert.match(replies[place] ?? '', expected);
    assert.deepEqual(fixture.spool.kept, []);
    assert.ok(!fixture.log.join('').includes('failed'), fixture.log.join('\n'));
  });
}

test('edits are carried out in their order', async (t) => {
  const edits = [
    packet('h', 'X-Added\0one\n\ttwo\0'),
    packet('i', number(0), 'X-Above\0three\0'),
    packet('i', number(2), 'X-Below\0four\0'),
    packet('m', number(1), 'subject\0changed\0'),
    packet('m', number(0), 'X-Gone\0\0'),
    packet('+', '<c@example.com>\0'),
    packet('2', '<d@example.com>\0NOTIFY=NEVER\0'),
    packet('-', '<b@example.com>\0'),
    packet('e', '<z@example.com>\0RET=HDRS\0'),
    packet('b', 'new\nbody'),
    packet('b', ' \r\nend'),
    packet('c'),
  ];
  const milter = await ScriptedMilter.start(t, {
    answer: ({ letter }) => (letter === 'E' ? edits : [goOnPacket]),
  });
  const fixture = await receiverWith(t, [milter]);
  const client = await greeted(fixture);
  const content = 'Subject: x\r\nX-Gone: y\r\nX-Gone: z\r\n\r\nHello\r\n';
  assert.match((await sendMessage(client, { content })).at(-1) ?? '', /^250 /);
  const [kept] = fixture.spool.kept;
  assert.match(
    kept?.content ?? '',
    /^X-Above: three\r\nReceived: [^]*\r\nX-Below: four\r\nsubject: changed\r\nX-Gone: z\r\nX-Added: one\r\n\ttwo\r\n\r\nnew\r\nbody \r\nend\r\n$/u,
  );
  assert.equal(kept?.envelope.reversePath, 'z@example.com');
  assert.equal(kept?.envelope.ret, 'HDRS');
  assert.deepEqual(
    kept?.envelope.recipients.map(({ address, notify }) => [address, notify?.never]),
    [
      ['c@example.com', undefined],
      ['d@example.com', true],
    ],
  );
});
