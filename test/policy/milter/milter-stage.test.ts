// A milter as a stage: what it hears of sessions, and what follows from what it says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualExtensions } from '../../protocol/smtp/server/drive.ts';
import { receiveSettings } from '../../receive/fixture.ts';
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
      ...receiveSettings().session,
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

test('a transaction that ends without its message is aborted, and the next one begins anew', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    answer: ({ letter, texts }) => [
      letter === 'M' && texts[0] === '<done@example.com>' ? packet('a') : goOnPacket,
    ],
  });
  const client = await greeted(await receiverWith(t, [milter]));
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  await client.ask('RSET\r\n');
  await client.ask('MAIL FROM:<done@example.com>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('EHLO client.test\r\n');
  await sendMessage(client, { from: 'done@example.com' });
  await client.ask('MAIL FROM:<c@example.com>\r\n');
  client.socket.destroy();
  await milter.until(() => milter.talks[0]?.hasEnded === true);
  assert.deepEqual(
    milter.lines.filter((line) => !/^[DO]/.test(line)),
    [
      'C localhost 4 127.0.0.1',
      'H client.test',
      'M <a@example.com>',
      'A',
      'M <done@example.com>',
      'A',
      'H client.test',
      'M <done@example.com>',
      'A',
      'M <c@example.com>',
      'A',
      'Q',
    ],
  );
});

test('a second message on a connection has its own envelope and macros', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const client = await greeted(await receiverWith(t, [milter]));
  await sendMessage(client);
  await sendMessage(client, { from: 'z@example.com' });
  assert.equal(milter.talks.length, 1);
  assert.deepEqual(
    milter.lines.filter((line) => /^[MA]|^D M/.test(line)),
    [
      'D M i ID1 {mail_addr} a@example.com {mail_host} example.com {mail_mailer} smtp',
      'M <a@example.com>',
      'D M i ID2 {mail_addr} z@example.com {mail_host} example.com {mail_mailer} smtp',
      'M <z@example.com>',
    ],
  );
});

test('several milters are asked in order, and each sees what those before have edited', async (t) => {
  const first = await ScriptedMilter.start(t, {
    answer: ({ letter }) =>
      letter === 'E'
        ? [
            packet('i', number(1), 'X-First\0one\0'),
            packet('b', 'new body\r\n'),
            packet('e', '<z@example.com>\0'),
            packet('+', '<c@example.com>\0'),
            packet('a'),
          ]
        : [goOnPacket],
  });
  const second = await ScriptedMilter.start(t, {
    answer: ({ letter }) =>
      letter === 'E' ? [packet('m', number(1), 'X-First\0two\0'), goOnPacket] : [goOnPacket],
  });
  const fixture = await receiverWith(t, [first, second]);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  assert.deepEqual(
    second.lines.filter((line) => /^[LB] /.test(line)),
    ['L X-First one', 'L Subject x', 'B new body\r\n'],
  );
  const [kept] = fixture.spool.kept;
  assert.match(kept?.content ?? '', /^Received: [^]*\r\nX-First: two\r\nSubject: x\r\n\r\nnew body\r\n$/u);
  assert.deepEqual(
    kept?.envelope.recipients.map(({ address }) => address),
    ['b@example.com', 'c@example.com'],
  );
  assert.equal(kept?.envelope.reversePath, 'z@example.com');
});

test('a milter that wants no events gets macros all the same, and is connected when it has a say', async (t) => {
  // NO and NR of all that comes before the end of the message.
  for (const steps of [0x2ff & ~0x80, 0xff080 & ~0x20000]) {
    const milter = await ScriptedMilter.start(t, {
      steps,
      answer: ({ letter }) => (letter === 'E' ? [goOnPacket] : undefined),
    });
    const fixture = await receiverWith(t, [milter]);
    await sendMessage(await greeted(fixture));
    const client = await greeted(fixture);
    assert.equal(milter.talks.length, 1);
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    assert.equal(milter.talks.length, 2);
    for (const talk of milter.talks)
      assert.deepEqual([...talk.macros.keys()].toSorted(), ['C', 'E', 'M', 'N', 'R', 'T']);
    const heard = milter.talks[1]?.heard
      .filter(({ letter }) => letter !== 'D')
      .map(({ letter }) => letter)
      .join('');
    assert.equal(heard, steps < 0x1000 ? 'OE' : 'OCHMRTLNBE');
  }
});

test('a milter that is lost is connected at once in the next sessions, so that its failures add up', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    steps: 0xff080,
    answer: ({ letter }, { socket }) => {
      if (letter === 'E') socket.destroy();
      return undefined;
    },
  });
  const breaker = { failures: 3, restMs: 10_000, trialMs: 1_000 };
  const fixture = await receiverWith(t, [milter], {}, { breaker, onFailure: 'continue' });
  const clients = [await greeted(fixture), await greeted(fixture)];
  const sessions = milter.talks.length;
  for (const client of clients) assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.equal(milter.talks.length, sessions + 1);
  await greeted(fixture);
  assert.equal(milter.talks.length, sessions + 2);
});

test('a milter chooses its macros', async (t) => {
  const lists = Buffer.concat([
    Buffer.from([0, 0, 0, 0]),
    Buffer.from('j {client_addr}\0'),
    Buffer.from([0, 0, 0, 3]),
    Buffer.from('{nbrcpts} b s nonsense\0'),
    Buffer.from([0, 0, 0, 4]),
    Buffer.from('\0'),
  ]);
  const milter = await ScriptedMilter.start(t, { lists });
  await sendMessage(await greeted(await receiverWith(t, [milter])));
  const of = (letter: string): string[] => [...(milter.talks[0]?.macros.get(letter)?.keys() ?? [])];
  assert.deepEqual(of('C'), ['j', '{client_addr}']);
  assert.deepEqual(of('R'), ['{nbrcpts}', 'b', 's']);
  assert.deepEqual(of('T'), []);
  assert.deepEqual(of('N'), ['i']);
});

test('{client_connections} is how many connections of the client are counted at its connection', async (t) => {
  const lists = Buffer.concat([Buffer.from([0, 0, 0, 0]), Buffer.from('{client_connections}\0')]);
  const milter = await ScriptedMilter.start(t, { lists });
  const fixture = await receiverWith(t, [milter]);
  await greeted(fixture);
  await greeted(fixture);
  const exempt = await receiverWith(t, [milter], { exempt: true });
  await greeted(exempt);
  assert.deepEqual(
    milter.talks.map(({ macros }) => macros.get('C')?.get('{client_connections}')),
    ['1', '2', '0'],
  );
});

test('a milter with an old version hears only of what that knows', async (t) => {
  for (const [version, heard] of [
    [2, 'OCHMRLNBE'],
    [3, 'OCHMRLNBE'],
    [4, 'OCHMRTLNBE'],
  ] as const) {
    const milter = await ScriptedMilter.start(t, { version, actions: 0x3f, steps: 0x100400 });
    const fixture = await receiverWith(t, [milter]);
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
    const letters = milter.talks[0]?.heard
      .filter(({ letter }) => letter !== 'D')
      .map(({ letter }) => letter)
      .join('');
    assert.equal(letters, heard);
    // HDR_LEADSPC is of version 6.
    assert.ok(milter.lines.includes('L Subject x'));
  }
});

test('blanks after colons are kept for a milter that wants them, both ways', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    steps: 0x100000,
    answer: ({ letter }) =>
      letter === 'E' ? [packet('h', 'X-A\0  two\0'), packet('h', 'X-B\0none\0'), goOnPacket] : [goOnPacket],
  });
  const fixture = await receiverWith(t, [milter]);
  const content = 'Subject: x\r\nX-Two:  y\r\nX-None:z\r\n\r\nHello\r\n';
  await sendMessage(await greeted(fixture), { content });
  assert.deepEqual(
    milter.lines.filter((line) => line.startsWith('L ')),
    ['L Subject  x', 'L X-Two   y', 'L X-None z'],
  );
  assert.match(fixture.spool.kept[0]?.content ?? '', /\r\nX-None:z\r\nX-A:  two\r\nX-B:none\r\n\r\n/u);
});

test('a refused recipient is told to a milter that wants to know', async (t) => {
  const milter = await ScriptedMilter.start(t, { steps: 0x800 });
  const fixture = await receiverWith(t, [milter], {
    stages: [
      {
        stage: {
          name: 'picky',
          rcpt: ({ recipient }) =>
            recipient.address === 'no@example.com'
              ? { kind: 'reject', reply: { code: 550, enhanced: '5.1.1', text: 'No such user' } }
              : { kind: 'continue' },
        },
      },
    ],
  });
  const replies = await sendMessage(await greeted(fixture), { to: ['no@example.com', 'b@example.com'] });
  assert.match(replies.at(-1) ?? '', /^250 /);
  assert.deepEqual(
    milter.lines.filter((line) => /^R|^D R/.test(line)),
    [
      'D R i ID1 {rcpt_addr} No such user {rcpt_host} 5.1.1 {rcpt_mailer} error',
      'R <no@example.com>',
      'D R i ID1 {rcpt_addr} b@example.com {rcpt_host} example.com {rcpt_mailer} smtp',
      'R <b@example.com>',
    ],
  );
});

test('a command that nobody knows is told to a milter, and answered by us', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    answer: ({ letter }) => [letter === 'U' ? packet('y', '550 5.7.1 never\0') : goOnPacket],
  });
  const { session } = receiveSettings();
  const settings = { session: { ...session, tellsUnrecognized: true } };
  const client = await greeted(await receiverWith(t, [milter], { settings }));
  assert.match(await client.ask('XYZZY a  b\r\n'), /^500 5\.5\.2 Command not recognized/);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.deepEqual(
    milter.lines.filter((line) => /^[HUMR]/.test(line)),
    ['H client.test', 'U XYZZY a  b', 'M <a@example.com>', 'R <b@example.com>'],
  );
});
