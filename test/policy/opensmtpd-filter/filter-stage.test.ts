// A filter of OpenSMTPD as a stage: what it is told of sessions, and what follows from what it answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greeted, sendMessage } from '../milter/milter-fixture.ts';
import { receiverFiltered } from './filter-fixture.ts';
import { type FilterScript, proceed, ScriptedFilter } from './scripted-filter.ts';

/** With the identifiers of messages, ports and lengths made the same. */
function plain(lines: readonly string[]): string[] {
  const ids = new Map<string, string>();
  return lines.map((line) =>
    line
      .replaceAll(/(?<=\|)([0-9a-f]{8})(?=$|\||0000)/g, (id) => {
        if (!ids.has(id)) ids.set(id, `M${ids.size + 1}`);
        return ids.get(id) ?? '';
      })
      .replaceAll(/(?<=127\.0\.0\.1:)\d+/g, 'PORT'),
  );
}

test('a filter hears of all that happens, in order', async (t) => {
  const filter = await ScriptedFilter.start(t);
  const client = await greeted(await receiverFiltered(t, filter));
  const content = 'Subject: x\r\n\r\nHello\r\n.dot\r\n';
  const replies = await sendMessage(client, {
    to: ['b@example.com', 'c@example.com'],
    content: content.replace('.dot', '..dot'),
  });
  assert.match(replies.at(-1) ?? '', /^250 /);
  await client.ask('QUIT\r\n');
  await filter.until(() => filter.talk.lines.includes('report|link-disconnect'));
  assert.deepEqual(plain(filter.talk.lines), [
    'config|smtpd-version|Sluice-0.1.0',
    'config|protocol|0.7',
    'config|smtp-session-timeout|300',
    'config|subsystem|smtp-in',
    'config|admd|mx.example.org',
    'config|ready',
    'report|link-connect|localhost|pass|127.0.0.1:PORT|127.0.0.1:PORT',
    'filter|connect|localhost|127.0.0.1',
    'report|filter-response|connected|proceed',
    'report|protocol-server|220 mx.example.org ESMTP Sluice',
    'report|link-greeting|mx.example.org',
    'report|protocol-client|EHLO client.test',
    'filter|ehlo|client.test',
    'report|filter-response|ehlo|proceed',
    'report|protocol-server|250-mx.example.org',
    'report|protocol-server|250-PIPELINING',
    'report|protocol-server|250-SIZE 1000000',
    'report|protocol-server|250-8BITMIME',
    'report|protocol-server|250-SMTPUTF8',
    'report|protocol-server|250-ENHANCEDSTATUSCODES',
    'report|protocol-server|250-DSN',
    'report|protocol-server|250-CHUNKING',
    'report|protocol-server|250-MT-PRIORITY',
    'report|protocol-server|250 HELP',
    'report|link-identify|EHLO|client.test',
    'report|protocol-client|MAIL FROM:<a@example.com>',
    'filter|mail-from|a@example.com',
    'report|filter-response|mail-from|proceed',
    'report|protocol-server|250 2.1.0 Sender ok',
    'report|protocol-client|RCPT TO:<b@example.com>',
    'report|tx-begin|M1',
    'report|tx-mail|M1|ok|a@example.com',
    'filter|rcpt-to|b@example.com',
    'report|filter-response|rcpt-to|proceed',
    'report|protocol-server|250 2.1.5 Recipient ok',
    'report|protocol-client|RCPT TO:<c@example.com>',
    'report|tx-rcpt|M1|ok|b@example.com',
    'report|tx-envelope|M1|M100000001',
    'filter|rcpt-to|c@example.com',
    'report|filter-response|rcpt-to|proceed',
    'report|protocol-server|250 2.1.5 Recipient ok',
    'report|protocol-client|DATA',
    'report|tx-rcpt|M1|ok|c@example.com',
    'report|tx-envelope|M1|M100000002',
    'filter|data|',
    'report|filter-response|data|proceed',
    'report|protocol-server|354 End data with <CR><LF>.<CR><LF>',
    'report|tx-data|M1|ok',
    'filter|data-line|Subject: x',
    'filter|data-line|',
    'filter|data-line|Hello',
    'filter|data-line|..dot',
    'filter|data-line|.',
    'filter|commit|',
    'report|filter-response|commit|proceed',
    `report|tx-commit|M1|${content.length - 2}`,
    'report|tx-reset|M1',
    'report|protocol-server|250 2.0.0 queued as ID1',
    'report|protocol-client|QUIT',
    'report|protocol-server|221 2.0.0 mx.example.org closing the connection',
    'report|link-disconnect',
  ]);
});

test('what a client sends to log in is hidden, and a client that says nothing for too long is told', async (t) => {
  const filter = await ScriptedFilter.start(t, {
    register: ['report|protocol-client', 'report|timeout', 'report|link-disconnect'],
  });
  const fixture = await receiverFiltered(t, filter);
  const client = await greeted(fixture);
  await client.ask('auth plain AGpvZQBzZWNyZXQ=\r\n');
  await client.ask('NOOP a|b\r\n');
  fixture.clock.now += 3_600_000;
  fixture.deadlines.advance();
  await filter.until(() => filter.talk.lines.includes('report|link-disconnect'));
  assert.deepEqual(filter.talk.lines.slice(6), [
    'report|protocol-client|EHLO client.test',
    'report|protocol-client|auth plain ********',
    'report|protocol-client|NOOP a|b',
    'report|timeout',
    'report|link-disconnect',
  ]);
});

test('lines have the version, the time and the same session and tokens', async (t) => {
  const filter = await ScriptedFilter.start(t, { register: ['report|link-connect', 'filter|data-line'] });
  const raw: string[] = [];
  filter.script = { ...filter.script, answer: proceed };
  const fixture = await receiverFiltered(t, filter, { version: '0.6' });
  const client = await fixture.client();
  await client.reply();
  filter.talk.socket.on('data', (bytes: Buffer) => raw.push(bytes.toString('latin1')));
  await client.ask('EHLO client.test\r\n');
  await sendMessage(client);
  const lines = raw
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('filter|'));
  assert.equal(lines.length, 4);
  for (const line of lines)
    assert.match(line, /^filter\|0\.6\|1576146008\.006099\|smtp-in\|data-line\|[0-9a-f]{16}\|[0-9a-f]{16}\|/);
  assert.equal(new Set(lines.map((line) => line.split('|').slice(5, 7).join('|'))).size, 1);
});

const answers: readonly (readonly [string, string, number, RegExp])[] = [
  ['mail-from', 'reject|550 5.7.1 not you', 0, /^550 5\.7\.1 not you$/],
  ['mail-from', 'reject|451 later', 0, /^451 later$/],
  ['rcpt-to', 'reject|550 nobody', 1, /^550 nobody$/],
  ['rcpt-to', 'reject|421 4.7.0 go', 1, /^421 4\.7\.0 mx\.example\.org go$/],
  ['rcpt-to', 'disconnect|550 5.7.0 go', 1, /^550 5\.7\.0 go$/],
  ['data', 'reject|554 4.7.1 other class', 2, /^554 5\.7\.1 other class$/],
  ['data', 'disconnect|421 go', 2, /^421 mx\.example\.org go$/],
  ['commit', 'reject|550 5.7.1 spam', 3, /^550 5\.7\.1 spam$/],
  ['commit', 'reject|550', 3, /^550 Refused by a filter/],
  ['commit', 'report|fine', 3, /^250 /],
];
for (const [phase, decision, place, expected] of answers) {
  test(`${decision} at ${phase} is the answer to it`, async (t) => {
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) => (line.what === phase ? talk.result(line, decision) : proceed(line, talk)),
    });
    const fixture = await receiverFiltered(t, filter);
    const replies = await sendMessage(await greeted(fixture));
    assert.match(replies[place] ?? '', expected);
    assert.equal(fixture.spool.kept.length, expected.test('250 ') ? 1 : 0);
    assert.deepEqual(fixture.troubles.list, []);
    await filter.until(() =>
      filter.talk.lines.some((line) => line.startsWith(`report|filter-response|${phase}|${decision}`)),
    );
  });
}

for (const [phase, expected] of [
  ['connect', /^554 /],
  ['ehlo', /^550 /],
] as const) {
  test(`a refusal at ${phase} is the answer to it`, async (t) => {
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) =>
        line.what === phase ? talk.result(line, 'reject|550 no') : proceed(line, talk),
    });
    const client = await (await receiverFiltered(t, filter)).client();
    const replies = [await client.reply(), await client.ask('EHLO client.test\r\n')];
    assert.match(replies[phase === 'connect' ? 0 : 1] ?? '', expected);
  });
}

test('addresses can be rewritten', async (t) => {
  const filter = await ScriptedFilter.start(t, {
    answer: (line, talk) => {
      if (line.what === 'mail-from') talk.result(line, 'rewrite|<z@example.com> SIZE=1');
      else if (line.what === 'rcpt-to') talk.result(line, 'rewrite|y@example.com');
      else proceed(line, talk);
    },
  });
  const fixture = await receiverFiltered(t, filter);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  const [kept] = fixture.spool.kept;
  assert.equal(kept?.envelope.reversePath, 'z@example.com');
  assert.deepEqual(
    kept?.envelope.recipients.map(({ address }) => address),
    ['y@example.com'],
  );
  assert.ok(filter.talk.lines.some((line) => line.endsWith('|ok|y@example.com')));
});

for (const phase of ['connect', 'ehlo', 'mail-from', 'rcpt-to', 'data', 'commit']) {
  test(`junk at ${phase} marks the message`, async (t) => {
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) => (line.what === phase ? talk.result(line, 'junk') : proceed(line, talk)),
    });
    const fixture = await receiverFiltered(t, filter);
    const client = await greeted(fixture);
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    filter.script = {};
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    const marks = fixture.spool.kept.map(({ content }) => content.split('X-Spam: Yes').length - 1);
    // What was said of the session is about all of its messages.
    assert.deepEqual(marks, phase === 'connect' || phase === 'ehlo' ? [1, 1] : [1, 0]);
  });
}

const contents: readonly (readonly [string, (lines: readonly string[]) => readonly string[], RegExp])[] = [
  [
    'is left as it is',
    (lines) => lines,
    /^Received: [^]*\r\nSubject: x\r\nX-A: one\r\n\ttwo\r\n\r\nHello\r\n\.dot\r\n$/,
  ],
  [
    'gets fields',
    (lines) => ['X-New: 1', ...lines.slice(0, 1), 'X-Two: 2', ...lines.slice(1)],
    /^Received: [^]*\r\nX-New: 1\r\nSubject: x\r\nX-Two: 2\r\nX-A: one\r\n\ttwo\r\n\r\nHello\r\n\.dot\r\n$/,
  ],
  [
    'loses a field, and has another one changed',
    ([, first = '', second = '', ...lines]) => [first.replace('one', 'eins'), second, ...lines],
    /^Received: [^]*\r\nX-A: eins\r\n\ttwo\r\n\r\nHello\r\n\.dot\r\n$/,
  ],
  [
    'has no header any more',
    (lines) => lines.slice(lines.indexOf('')),
    /^Received: (?:[^\r]*\r\n[\t ])*[^\r]*\r\n\r\nHello\r\n\.dot\r\n$/,
  ],
  [
    'has another body',
    (lines) => [...lines.slice(0, lines.indexOf('') + 1), 'new', '..', '..x'],
    /\r\n\ttwo\r\n\r\nnew\r\n\.\r\n\.x\r\n$/,
  ],
  ['has no body any more', (lines) => lines.slice(0, lines.indexOf('') + 1), /\r\n\ttwo\r\n\r\n$/],
];
for (const [what, change, expected] of contents) {
  test(`a message that ${what} leaves as the filter has made it`, async (t) => {
    const lines: string[] = [];
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) => {
        if (line.what !== 'data-line') proceed(line, talk);
        else if (line.values[0] === '.') {
          for (const made of change(lines)) talk.dataLine(line, made);
          talk.dataLine(line, '.');
        } else lines.push(line.values.join('|'));
      },
    });
    const fixture = await receiverFiltered(t, filter);
    const content = 'Subject: x\r\nX-A: one\r\n\ttwo\r\n\r\nHello\r\n..dot\r\n';
    assert.match((await sendMessage(await greeted(fixture), { content })).at(-1) ?? '', /^250 /);
    assert.match(fixture.spool.kept[0]?.content ?? '', expected);
    assert.deepEqual(fixture.troubles.list, []);
  });
}

test('a large message is not held in memory, in either direction', async (t) => {
  const filter = await ScriptedFilter.start(t);
  const fixture = await receiverFiltered(t, filter, {}, { settings: { largeMessageBytes: 10_000 } });
  const body = `${'0123456789'.repeat(7)}\r\n`.repeat(10_000);
  const client = await greeted(fixture);
  assert.match((await sendMessage(client, { content: `Subject: x\r\n\r\n${body}` })).at(-1) ?? '', /^250 /);
  assert.ok(fixture.spool.kept[0]?.content.endsWith(`Subject: x\r\n\r\n${body}`));
});

test('a filter that wants to know nothing is asked nothing', async (t) => {
  const filter = await ScriptedFilter.start(t, { register: ['filter|quit', 'filter|noop'] });
  const client = await greeted(await receiverFiltered(t, filter));
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  await client.ask('QUIT\r\n');
  assert.equal(filter.talk.heard.length, 0);
});

test('only what was registered is told', async (t) => {
  const register: FilterScript['register'] = ['report|tx-rcpt', 'report|tx-rollback', 'filter|rcpt-to'];
  const filter = await ScriptedFilter.start(t, { register });
  const client = await greeted(await receiverFiltered(t, filter));
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('RCPT TO:<x@refused.test>\r\n');
  await client.ask('RCPT TO:<c@example.com>\r\n');
  await client.ask('RSET\r\n');
  await filter.until(() => filter.talk.lines.some((line) => line.startsWith('report|tx-rollback')));
  assert.deepEqual(plain(filter.talk.lines.filter((line) => !line.startsWith('config'))), [
    'filter|rcpt-to|b@example.com',
    'report|tx-rcpt|M1|ok|b@example.com',
    'filter|rcpt-to|x@refused.test',
    'report|tx-rcpt|M1|ok|x@refused.test',
    'filter|rcpt-to|c@example.com',
    'report|tx-rollback|M1',
  ]);
});

test('what the filter reports and writes to its standard error is in the log', async (t) => {
  const filter = await ScriptedFilter.start(t, {
    answer: (line, talk) => {
      if (line.what === 'rcpt-to') talk.say(`report|1576146008.006099|smtp-in|${line.session}|seen`);
      proceed(line, talk);
    },
  });
  const { filterLog, ...fixture } = await receiverFiltered(t, filter);
  await sendMessage(await greeted(fixture));
  for (const text of ['it reports: seen', 'it begins'])
    assert.ok(
      filterLog.some((line) => line.includes(text)),
      text,
    );
});
