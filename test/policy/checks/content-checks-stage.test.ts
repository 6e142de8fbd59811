// Content checks as a stage: what each action does with a message, and where each table is asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checks } from './checked-mail.ts';

const plain = 'From: a@b.example\nSubject: buy now\nX-A: 1\nX-A: 2\n\nHello\nclick here\nbye\n';
const parts = `Subject: outer
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; name=x.exe

text one
--b
Content-Type: message/rfc822

Subject: inner

text two
--b--
`;

for (const [action, verdict] of [
  ['REJECT', '550 5.7.1 Message content rejected'],
  ['REJECT no spam', '550 5.7.1 no spam'],
  ['reject 5.7.28 Bulk', '550 5.7.28 Bulk'],
  ['REJECT 4.7.1 later', '451 4.7.1 later'],
  ['DISCARD', 'discard: header line 1 says so'],
  ['DISCARD spam', 'discard: spam'],
  ['HOLD look at it', 'quarantine: look at it'],
  ['HOLD', 'quarantine: header line 1'],
  ['WARN seen', 'continue'],
  ['INFO seen', 'continue'],
  ['DUNNO', 'continue'],
  ['OK', 'continue'],
  ['PASS', 'continue'],
] as const) {
  test(`${action} of a field`, async (t) => {
    const { ask } = checks(t, { header: `/^Subject: buy/ ${action}\n` });
    const { verdict: said, message, logged } = await ask(plain);
    assert.equal(said, verdict);
    assert.equal(message, plain);
    const [word = '', ...text] = action.split(' ');
    const expected = /^(?:DUNNO|OK)$/u.test(word) ? [] : [`${word.toLowerCase()} header: ${text.join(' ')}`];
    assert.deepEqual(logged, expected);
  });
}

for (const [action, replaced] of [
  ['IGNORE', plain.replace('Subject: buy now\n', '')],
  ['STRIP bought', plain.replace('Subject: buy now\n', '')],
  ['REPLACE Subject: [$1]', plain.replace('Subject: buy now', 'Subject: [now]')],
  ['PREPEND X-Seen: $1', plain.replace('Subject:', 'X-Seen: now\nSubject:')],
] as const) {
  test(`${action} of a field changes the header`, async (t) => {
    const { ask } = checks(t, { header: `/^Subject: buy (\\w+)/ ${action}\n` });
    assert.equal((await ask(plain)).message, replaced);
  });
}

test('several fields are changed, each where it stands', async (t) => {
  const { ask } = checks(t, {
    header:
      '/^X-A: 1/ PREPEND X-Before: one\n/^X-A: 2/ REPLACE X-B: two\n/^From/ IGNORE\n/^Subject/ PREPEND X-Top: yes\n',
  });
  assert.equal(
    (await ask(plain)).message,
    plain
      .replace('From: a@b.example\nSubject', 'X-Top: yes\nSubject')
      .replace('X-A: 1\nX-A: 2', 'X-Before: one\nX-A: 1\nX-B: two'),
  );
});

test('folds of a field are line ends that a dot matches, and go into what replaces it', async (t) => {
  const { ask } = checks(t, { header: '/^Subject: (buy.*now)/ REPLACE X-Old: $1\n' });
  const { message } = await ask('Subject: buy\n\tit\n now\n\n');
  assert.equal(message, 'X-Old: buy\n\tit\n now\n\n');
});

test('recipients are added or replaced, and a route is chosen', async (t) => {
  const { ask } = checks(t, {
    header: '/^Subject/ BCC copy@d.example\n/^X-A: 1/ FILTER filter\n/^X-A: 2/ BCC copy@d.example\n',
  });
  const { recipients, route } = await ask(plain);
  assert.deepEqual([recipients, route], [['joe@c.example', 'copy@d.example'], 'filter']);
  const other = checks(t, { header: '/^Subject/ REDIRECT box@d.example\n/^X-A/ BCC copy@d.example\n' });
  assert.deepEqual((await other.ask(plain)).recipients, ['box@d.example']);
});

for (const [action, changed] of [
  ['REJECT link', '550 5.7.1 link'],
  ['DISCARD link', 'discard: link'],
  ['HOLD link', 'quarantine: link'],
] as const) {
  test(`${action} of a line of text`, async (t) => {
    const { ask } = checks(t, { body: `/click/ ${action}\n` });
    assert.equal((await ask(plain)).verdict, changed);
  });
}

for (const [action, replaced] of [
  ['IGNORE', plain.replace('click here\n', '')],
  ['REPLACE [$1]', plain.replace('click here', '[here]')],
  ['PREPEND warning: $1', plain.replace('click', 'warning: here\nclick')],
] as const) {
  test(`${action} of a line of text changes the body, however it is read`, async (t) => {
    const { ask } = checks(t, { body: `/^click (\\w+)/ ${action}\n` });
    for (const pieceBytes of [1, 7, 1000]) assert.equal((await ask(plain, pieceBytes)).message, replaced);
  });
}

test('each line is looked up where it belongs', async (t) => {
  const { ask } = checks(t, {
    header: '/^/ INFO\n',
    mime: '/^/ INFO\n',
    nested: '/^/ INFO\n',
    body: '/^text/ INFO\n/./ INFO\n',
  });
  const { logged } = await ask(parts);
  assert.deepEqual(logged, [
    'info header: ',
    'info mime: ',
    'info body: ',
    'info mime: ',
    'info body: ',
    'info body: ',
    'info mime: ',
    'info nested: ',
    'info body: ',
    'info body: ',
  ]);
});

test('fields of parts and of attached messages are changed in the body', async (t) => {
  const { ask } = checks(t, {
    mime: '/name=(\\S+)\\.exe/ REPLACE Content-Disposition: attachment; name=$1.txt\n',
    nested: '/^Subject: (.*)/ PREPEND X-Inner: $1\n',
  });
  assert.equal(
    (await ask(parts, 11)).message,
    parts
      .replace('Content-Type: text/plain; name=x.exe', 'Content-Disposition: attachment; name=x.txt')
      .replace('Subject: inner', 'X-Inner: inner\nSubject: inner'),
  );
});

test('an action that what a sender has written makes impossible does nothing, and is logged', async (t) => {
  const { ask } = checks(t, { header: '/^X-To: (.*)/ REDIRECT $1\n/^X-Line: (.*)/ REPLACE $1\n' });
  const { verdict, recipients, message, logged } = await ask('X-To: no address\nX-Line: no field\n\n');
  assert.deepEqual([verdict, recipients], ['continue', ['joe@c.example']]);
  assert.equal(message, 'X-To: no address\nX-Line: no field\n\n');
  assert.match(
    logged.join('\n'),
    /redirect header: not done: REDIRECT takes an address.*\nreplace header: not done/u,
  );
});

test('PASS ends the checks of a message, and REJECT those of what follows', async (t) => {
  const { ask } = checks(t, { header: '/^From/ PASS\n/^Subject/ REJECT\n', body: '/./ REJECT\n' });
  assert.deepEqual((await ask(plain)).logged, ['pass header: ']);
  assert.equal((await ask(plain.replace('From', 'X-From'))).verdict, '550 5.7.1 Message content rejected');
});

test('what is beyond a limit is not looked at', async (t) => {
  const long = `Subject: ${'a'.repeat(2000)}z\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n${'line\n'.repeat(50)}first\n--b\n\nsecond\n`;
  const header = checks(t, { header: '/z/ INFO\n', limits: { fieldBytes: 1000 } });
  assert.deepEqual((await header.ask(long)).logged, []);
  const part = checks(t, { body: '/first|second/ INFO\n', limits: { partBytes: 200 } });
  assert.deepEqual((await part.ask(long)).logged, ['info body: ']);
  const all = checks(t, { body: '/first|second/ INFO\n', limits: { allBytes: 100 } });
  assert.deepEqual((await all.ask(long)).logged, []);
});

test('the body is asked for only where it can have something to look up', async (t) => {
  const header = checks(t, { header: '/x/ REJECT\n' });
  assert.deepEqual([header.stage.asksAt('headers'), header.stage.asksAt('content')], [true, false]);
  const mime = checks(t, { mime: '/x/ REJECT\n' });
  assert.equal(mime.stage.asksAt('content'), true);
});

test('a table is followed as it changes, and one that nobody understands is a failure', async (t) => {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const { ask, write } = checks(t, { header: '/^Subject/ INFO\n' });
  assert.equal((await ask(plain)).verdict, 'continue');
  write('header', '/^Subject/ REJECT changed\n');
  nowMs += 1001;
  assert.equal((await ask(plain)).verdict, '550 5.7.1 changed');
  write('header', '/^Subject/ REFUSE a longer line\n');
  nowMs += 1001;
  await assert.rejects(ask(plain), /header cannot be used: line 1: "REFUSE" is no action/u);
});

test('bytes that are no UTF-8 are looked up as Latin-1, and stay as they are where nothing is changed', async (t) => {
  const { ask } = checks(t, { body: '/^caf\\xe9/ INFO\n/^x/ IGNORE\n' });
  const { logged } = await ask('A: b\n\ncafé\nx\n');
  assert.deepEqual(logged, ['info body: ']);
});

const executable = 'Content-Type: application/x; name="a.exe"\n\nMZ\n';

for (const [what, message] of [
  ['behind a line that is no field', 'From: a@b\ngarbage\nSubject: buy now\n\nx\n'],
  ['behind a blank first line', ' x\nSubject: buy now\n\nx\n'],
  ['behind an mbox line', 'From a Mon Jan\nSubject: buy\n\tnow\n\nx\n'],
  ['behind two lines that are no fields', 'X: y\none\ntwo\nX: y\nthree\nSubject: buy now\n\nx\n'],
] as const) {
  test(`a field ${what} is looked up as a field, and as a line of the body`, async (t) => {
    const header = checks(t, { header: '/^Subject: buy\\s+now$/ REJECT field\n' });
    assert.equal((await header.ask(message)).verdict, '550 5.7.1 field');
    const body = checks(t, { body: '/^Subject: buy/ REJECT line\n' });
    assert.equal((await body.ask(message)).verdict, '550 5.7.1 line');
  });
}

test('lines of the header that are no fields are not changed', async (t) => {
  const message = 'From: a@b\ngarbage\nSubject: buy now\n\nSubject: x\n';
  const { ask } = checks(t, { header: '/^Subject/ IGNORE\n', body: '/^Subject/ REPLACE changed\n' });
  const outcome = await ask(message);
  assert.equal(outcome.message, message.replace('Subject: x', 'changed'));
  assert.deepEqual(outcome.logged, [
    'ignore header: not done: the line is malformed, and is not changed',
    'replace body: not done: the line is malformed, and is not changed',
    'replace body: changed',
  ]);
});

for (const [what, message] of [
  [
    'of a Content-Type behind a line that is no field',
    `A: b\ngarbage\nContent-Type: multipart/mixed; boundary=b\n\n--b\n${executable}`,
  ],
  [
    'that begin at a line that is no field',
    `Content-Type: multipart/mixed; boundary=b\ngarbage\n--b\nX-A: b\n${executable}`,
  ],
  [
    'behind a line that is no field',
    `Content-Type: multipart/mixed; boundary=b\ngarbage\n\n--b\n${executable}`,
  ],
  [
    'of an attached message behind a line that is no field',
    `A: b\ngarbage\nContent-Type: message/rfc822\n\n${executable}`,
  ],
  [
    'of the second Content-Type',
    `Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n${executable}`,
  ],
  ['of the second boundary', `Content-Type: multipart/mixed; boundary=c; boundary=b\n\n--b\n${executable}`],
  [
    'of the first boundary',
    `Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--c\n\n--b\n${executable}`,
  ],
  ['of a boundary in pieces', `Content-Type: multipart/mixed; boundary*0="b"\n\n--b\n${executable}`],
  ['of an encoded boundary', `Content-Type: multipart/mixed; boundary*=us-ascii''b\n\n--b\n${executable}`],
  [
    'of a second Content-Type of a part',
    `Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n${executable}`,
  ],
] as const) {
  test(`the parts ${what} are looked up`, async (t) => {
    const { ask } = checks(t, { mime: '/name="?a\\.exe/ REJECT part\n', body: '/^MZ/ INFO\n' });
    assert.equal((await ask(message)).verdict, '550 5.7.1 part');
  });
}

test('text that only some programs take for a field is looked up as text', async (t) => {
  const { ask } = checks(t, { body: '/^click: here/ REJECT text\n' });
  for (const type of ['message/rfc822', 'multipart/mixed; boundary=c'])
    assert.equal(
      (await ask(`Content-Type: text/plain\nContent-Type: ${type}\n\n--c\nclick: here\n`)).verdict,
      '550 5.7.1 text',
    );
});

test('a sender cannot fill the log: of each rule there are three lines, and the count of the others', async (t) => {
  const { ask } = checks(t, {
    header: '/^X-A: (.*)/ WARN $1\n/^X-B:/ INFO b\n/^X-C: (.*)/ REDIRECT $1\n/^X-D:/ STRIP\n',
    body: '/^w/ WARN w\n',
    nested: '/^no/ WARN\n',
  });
  const fields = (name: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${name}: ${at + 1}\n`).join('');
  const header = `${fields('X-A', 500)}X-C: joe@d.example\n${fields('X-C', 5)}${fields('X-B', 3)}${fields('X-D', 4)}`;
  const { logged, message } = await ask(`${header}\n${'w\n'.repeat(10_000)}`);
  const fault = (at: number) => `redirect header: not done: REDIRECT takes an address, which "${at}" is not`;
  assert.deepEqual(logged, [
    ...[1, 2, 3].map((at) => `warn header: ${at}`),
    'redirect header: joe@d.example',
    ...[1, 2, 3].map(fault),
    ...Array.from({ length: 3 }, () => 'info header: b'),
    ...Array.from({ length: 3 }, () => 'strip header: '),
    'warn: 497 more',
    'redirect: 2 more',
    'strip: 1 more',
    ...Array.from({ length: 3 }, () => 'warn body: w'),
    'warn: 9997 more',
  ]);
  assert.equal(message.includes('X-D'), false);
});

test('a message that is refused has the counts of the lines before', async (t) => {
  const { ask } = checks(t, { header: '/^X-A:/ WARN a\n/^X-B:/ REJECT b\n' });
  const { logged } = await ask(`${'X-A: 1\n'.repeat(9)}X-B: 1\n\ntext\n`);
  assert.deepEqual(logged.slice(3), ['reject header: b', 'warn: 6 more']);
});
