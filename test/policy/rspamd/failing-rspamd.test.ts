// An rspamd that is killed, hangs, is slow or lies, at each moment: mail is never refused for good, and never changed by half.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostAnswerBytes } from '../../../src/policy/rspamd/answer-parts.ts';
import { RspamdPost } from '../../../src/policy/rspamd/post.ts';
import { greeted, start } from '../../receive/fixture.ts';
import { ScanClock, turnOf } from '../clamd/clamd-fixture.ts';
import { sendMessage } from '../milter/milter-fixture.ts';
import { WatchedPlaces } from '../watched-places.ts';
import { receiverWith, rspamdStage } from './rspamd-fixture.ts';
import { clean, reply, type RspamdMoment, type RspamdQuestion, ScriptedRspamd } from './scripted-rspamd.ts';

const failed = /^451 4\.3\.0 A check of this server failed/;
const moments: readonly RspamdMoment[] = ['connect', 'header', 'body', 'end'];

/** Each is called at one moment; it says nothing at the others. */
const lies: Readonly<Record<string, (question: RspamdQuestion) => string | undefined>> = {
  'is killed': ({ socket }) => {
    socket.resetAndDestroy();
    return undefined;
  },
  'closes the connection': ({ socket }) => {
    socket.end();
    return undefined;
  },
  'closes it amid the header of its answer': ({ socket }) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Le');
    return undefined;
  },
  'closes it amid its answer': ({ socket }) => {
    socket.end(reply(clean).slice(0, -5));
    return undefined;
  },
  'says garbage': () => '\x00\xff\xfe\r\n\r\n',
  'speaks another protocol': () => '220 mx.example.org ESMTP\r\n',
  'says a header without end': () => `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`,
  'says two lengths': () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x',
  'says a status of its own fault': () => 'HTTP/1.1 500 Error\r\nContent-Length: 2\r\n\r\n{}',
  'wants a password': () => 'HTTP/1.1 403 Unauthorized\r\nContent-Length: 2\r\n\r\n{}',
  'sends it elsewhere': () =>
    'HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n',
};

/** Answers at the end of a message that nobody may go by. */
const wrong: Readonly<Record<string, string>> = {
  'is no JSON': reply('<html>'),
  'is empty': reply(''),
  'has no action': reply({ score: 1 }),
  'is an error': reply({ error: 'no memory' }),
  'is 10 MB': reply({ ...clean, padding: 'x'.repeat(10_000_000) }),
  'claims to be 10 MB': `HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n${'x'.repeat(mostAnswerBytes + 1)}`,
  'is in chunks without end': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(40)}`,
  'says in no number where a body begins': reply(clean, 'Message-Offset: -1\r\n'),
  'is shorter than where a body begins': reply(clean, 'Message-Offset: 5000\r\n'),
  'has its body amid the JSON': reply(clean, 'Message-Offset: 5\r\n'),
  'ends the header in a value': reply({ ...clean, milter: { add_headers: { 'X-A': 'b\r\n\r\nbody' } } }),
  'begins a field in a value': reply({
    ...clean,
    milter: { add_headers: { 'X-A': { value: 'b\nX-B: c', order: 1 } } },
  }),
  'has a CR alone in a value': reply({ ...clean, milter: { add_headers: { 'X-A': 'b\rX-B: c' } } }),
  'has a colon in a name': reply({ ...clean, milter: { add_headers: { 'X-A: b\r\nX-B': 'c' } } }),
  'has no name': reply({ ...clean, milter: { add_headers: { '': 'c' } } }),
  'has a Subject that begins a field': reply({
    ...clean,
    action: 'rewrite subject',
    subject: 'x\r\nBcc: a@b.test',
  }),
  'has a signature that begins a field': reply({ ...clean, 'dkim-signature': 'v=1\r\nBcc: a@b.test' }),
  'has a mark that begins a field': reply({
    ...clean,
    action: 'add header',
    milter: { spam_header: 'x\r\nBcc: a@b.test' },
  }),
  'adds a recipient that is no address': reply({ ...clean, milter: { add_rcpt: ['<a b@@x>'] } }),
  'changes the sender to a line end': reply({
    ...clean,
    milter: { change_from: '<a@b.test>\r\nRCPT TO:<x@y.test>' },
  }),
  'has more fields than there may be': reply({
    ...clean,
    milter: { add_headers: { 'X-A': Array.from({ length: 1001 }, () => 'b') } },
  }),
  'adds more bytes than there may be': reply({
    ...clean,
    milter: { add_headers: { 'X-A': Array.from({ length: 500 }, () => 'b'.repeat(900)) } },
  }),
};

async function isTemporary(
  t: Parameters<typeof start>[0],
  say: (moment: RspamdMoment, question: RspamdQuestion) => string | undefined,
) {
  const rspamd = await ScriptedRspamd.start(t, { say });
  const fixture = await receiverWith(t, rspamd);
  const client = await greeted(fixture);
  assert.match((await sendMessage(client)).at(-1) ?? '', failed);
  assert.deepEqual(fixture.spool.kept, []);
  assert.deepEqual(
    fixture.troubles.list.map(({ key }) => key),
    ['stage:rspamd'],
  );
  rspamd.script = {};
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  return fixture.troubles.list[0]?.text ?? '';
}

for (const moment of moments) {
  for (const [what, lie] of Object.entries(lies)) {
    test(`at ${moment}, an rspamd that ${what} is a temporary error`, async (t) => {
      await isTemporary(t, (now, question) => (now === moment ? lie(question) : undefined));
    });
  }
}

for (const [what, answer] of Object.entries(wrong)) {
  test(`an answer that ${what} is a temporary error, and changes nothing`, async (t) => {
    await isTemporary(t, (now) => (now === 'end' ? answer : undefined));
  });
}

for (const moment of ['connect', 'header', 'body'] as const) {
  test(`at ${moment}, an answer is none on the whole message`, async (t) => {
    const rspamd = await ScriptedRspamd.start(t, {
      say: (now) => (now === moment ? reply(clean) : undefined),
    });
    const fixture = await start(t, { stages: [{ stage: rspamdStage(rspamd) }] });
    // Larger than what is on the way at once, so that the answer comes before the end.
    const content = `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(12_000)}`;
    assert.match((await sendMessage(await greeted(fixture), { content })).at(-1) ?? '', failed);
    assert.deepEqual(fixture.spool.kept, []);
  });
}

for (const moment of ['nothing', 'header', 'half of its answer'] as const) {
  test(`an rspamd that hangs after ${moment} fails in its time, and the connection is closed`, async (t) => {
    const clock = new ScanClock();
    const whole = reply(clean);
    const text = {
      nothing: undefined,
      header: 'HTTP/1.1 200 OK\r\n',
      'half of its answer': whole.slice(0, -9),
    }[moment];
    const rspamd = await ScriptedRspamd.start(t, { say: (now) => (now === 'end' ? text : undefined) });
    const fixture = await receiverWith(t, rspamd, { turn: turnOf({ clock }) });
    const sending = sendMessage(await greeted(fixture));
    await rspamd.until(() => rspamd.questions[0]?.isWhole === true);
    clock.pass(118_000);
    assert.equal(rspamd.open, 1);
    clock.pass(4_000);
    assert.match((await sending).at(-1) ?? '', failed);
    assert.match(fixture.troubles.list[0]?.text ?? '', /it did not answer within 120 s/);
    await rspamd.until(() => rspamd.open === 0);
  });
}

test('what went wrong is said in words', async (t) => {
  const said = (text: string) => isTemporary(t, (moment) => (moment === 'end' ? text : undefined));
  assert.match(await said(reply({ error: 'no memory' })), /it said: no memory/);
  assert.match(
    await said('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'),
    /the status 403 \(is the password right/,
  );
  assert.match(await said('220 mx.example.org\r\n'), /its answer is no HTTP/);
  const rspamd = await ScriptedRspamd.start(t);
  const post = new RspamdPost({ kind: 'unix', path: '/nonexistent/rspamd.sock' });
  const fixture = await receiverWith(t, rspamd, { post });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', failed);
  assert.match(fixture.troubles.list[0]?.text ?? '', /there is no socket at its address/);
});

test('beyond the line, clients are asked to try again later, whatever on_failure says', async (t) => {
  const rspamd = await ScriptedRspamd.start(t, { say: () => undefined });
  const places = new WatchedPlaces(1, 0);
  const fixture = await receiverWith(t, rspamd, { turn: { ...turnOf({}), places }, onFailure: 'continue' });
  const first = sendMessage(await greeted(fixture));
  await rspamd.until(() => rspamd.questions[0]?.isWhole === true);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^451 4\.3\.2 /);
  rspamd.questions[0]?.socket.write(reply(clean));
  assert.match((await first).at(-1) ?? '', /^250 /);
});

test('a client that goes ends its question', async (t) => {
  const rspamd = await ScriptedRspamd.start(t, { say: () => undefined });
  const fixture = await receiverWith(t, rspamd);
  const client = await greeted(fixture);
  void sendMessage(client);
  await rspamd.until(() => rspamd.questions[0]?.isWhole === true);
  client.socket.resetAndDestroy();
  await rspamd.until(() => rspamd.open === 0);
  assert.deepEqual(fixture.spool.kept, []);
});

test('an rspamd that is lost amid a new body leaves the message in doubt: 451, whatever on_failure says', async (t) => {
  const json = JSON.stringify(clean);
  const rspamd = await ScriptedRspamd.start(t, {
    say: (moment, { socket }) => {
      if (moment === 'end')
        socket.end(reply(`${json}${'x'.repeat(5000)}`, `Message-Offset: ${json.length}\r\n`).slice(0, -10));
      return undefined;
    },
  });
  const fixture = await receiverWith(t, rspamd, { onFailure: 'continue' });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', failed);
  assert.equal(fixture.spool.kept.length, 0);
});
