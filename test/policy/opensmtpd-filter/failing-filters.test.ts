// Filters of OpenSMTPD that are killed, hang, are slow or lie, at each phase: mail is never refused for good, never accepted against `onFailure`, and
// never accepted half-edited.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { greeted, MilterClock, sendMessage } from '../milter/milter-fixture.ts';
import { receiverFiltered } from './filter-fixture.ts';
import { type FilterTalk, type HeardLine, proceed, ScriptedFilter } from './scripted-filter.ts';

/** The phases, and at which reply of a session a client hears of it. */
const places = {
  connect: 0,
  ehlo: 1,
  'mail-from': 2,
  'rcpt-to': 3,
  data: 4,
  'data-line': 5,
  commit: 5,
} as const;

const failed = /^4[25]1 .*A check of this server failed/;

type Lie = (line: HeardLine, talk: FilterTalk) => void;

/** After these, nothing that the process says can be trusted. */
const breaks: Readonly<Record<string, Lie>> = {
  'is killed': (_, { socket }) => void socket.destroy(),
  'is killed amid a line': (line, { socket }) => void socket.end(`filter-result|${line.session}`),
  'sends what is no line of the protocol': (_, talk) => talk.say('proceed'),
  'sends an empty line': (_, talk) => talk.say(''),
  'answers without a session': (line, talk) => talk.say(`filter-result|${line.token}`),
  'answers with another token': (line, talk) => talk.result({ ...line, token: '0'.repeat(16) }, 'proceed'),
  'answers for another session': (line, talk) => talk.result({ ...line, session: '0'.repeat(16) }, 'proceed'),
  'answers with a token that is none': (line, talk) => talk.result({ ...line, token: 'x' }, 'proceed'),
  'answers a decision that is none': (line, talk) => talk.result(line, 'accept'),
  'answers a reply that is none': (line, talk) => talk.result(line, 'reject|250 fine'),
  'answers a refusal without a reply': (line, talk) => talk.result(line, 'reject'),
  'registers once more': (_, talk) => talk.say('register|filter|smtp-in|data'),
  'sends 10 MB without a line end': (_, { socket }) => void socket.write('x'.repeat(10_000_000)),
  'sends a line of a message that was not begun': (line, talk) =>
    talk.dataLine({ ...line, token: 'f'.repeat(16) }, 'Subject: y'),
};

/** All replies of a session with one message, up to the first that is no success. */
async function replies(fixture: Awaited<ReturnType<typeof receiverFiltered>>): Promise<string[]> {
  const client = await fixture.client();
  const all = [await client.reply()];
  const commands = [
    'EHLO client.test\r\n',
    'MAIL FROM:<a@example.com>\r\n',
    'RCPT TO:<b@example.com>\r\n',
    'DATA\r\n',
    'Subject: x\r\n\r\nHello\r\n.\r\n',
  ];
  for (const command of commands) {
    if (!/^[23]/.test(all.at(-1) ?? '')) break;
    all.push(await client.ask(command));
  }
  return all;
}

for (const [phase, place] of Object.entries(places)) {
  for (const [what, lie] of Object.entries(breaks)) {
    test(`at ${phase}, a filter that ${what} is a temporary error, and is started again`, async (t) => {
      let hasLied = false;
      const filter = await ScriptedFilter.start(t, {
        answer: (line, talk) => {
          if (line.what !== phase || hasLied) proceed(line, talk);
          else {
            hasLied = true;
            lie(line, talk);
          }
        },
      });
      const fixture = await receiverFiltered(t, filter);
      const all = await replies(fixture);
      assert.equal(all.length, place + 1);
      assert.match(all[place] ?? '', failed);
      assert.deepEqual(fixture.spool.kept, []);
      assert.deepEqual(
        fixture.filterTroubles.list.map(({ key }) => key),
        ['filter:filter'],
      );
      await filter.until(() => filter.talks[0]?.hasEnded === true);
      // The next process takes the next message.
      assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
      assert.equal(filter.talks.length, 2);
    });
  }

  test(`at ${phase}, a filter that hangs fails in its time, and is ended`, async (t) => {
    const clock = new MilterClock();
    let hangs = true;
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) => {
        if (line.what !== phase || !hangs) proceed(line, talk);
      },
    });
    const fixture = await receiverFiltered(t, filter, { clock });
    const sending = replies(fixture);
    await filter.until(() => filter.talks.some(({ heard }) => heard.some(({ what }) => what === phase)));
    const limitMs = place === 5 ? 300_000 : 30_000;
    clock.pass(limitMs - 1_000);
    assert.equal(filter.talk.hasEnded, false);
    clock.pass(2_000);
    assert.match((await sending)[place] ?? '', failed);
    assert.match(fixture.troubles.list[0]?.text ?? '', /did not answer within/);
    await filter.until(() => filter.talks[0]?.hasEnded === true);
    hangs = false;
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  });

  test(`at ${phase}, a filter that is lost does not keep mail that is to go on, but for a half of a message`, async (t) => {
    let isLost = false;
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) => {
        if (line.what !== phase || isLost) proceed(line, talk);
        else {
          isLost = true;
          talk.socket.destroy();
        }
      },
    });
    const fixture = await receiverFiltered(t, filter, { onFailure: 'continue' });
    const last = (await replies(fixture)).at(-1) ?? '';
    // At the commit, it has made a message already.
    assert.match(last, phase === 'commit' ? failed : /^250 /);
  });
}

/** Gives one line of a message back, and then hangs. Resolves when it has. */
async function hungAmidMessage(t: TestContext) {
  const clock = new MilterClock();
  let held: HeardLine | undefined;
  let isShown = false;
  const filter = await ScriptedFilter.start(t, {
    answer: (line, talk) => {
      if (line.what !== 'data-line' || (held !== undefined && line.session !== held.session))
        proceed(line, talk);
      else if (held === undefined) {
        held = line;
        talk.dataLine(line, 'Subject: half');
      } else isShown = line.values[0] === '.';
    },
  });
  const fixture = await receiverFiltered(t, filter, { clock });
  const sending = replies(fixture);
  await filter.until(() => isShown);
  return { clock, filter, fixture, sending };
}

test('a filter that hangs amid the message that it makes is ended, so that the next session has another', async (t) => {
  const { clock, filter, fixture, sending } = await hungAmidMessage(t);
  clock.pass(301_000);
  assert.match((await sending).at(-1) ?? '', failed);
  await filter.until(() => filter.talks[0]?.hasEnded === true);
  assert.match(fixture.filterTroubles.list[0]?.text ?? '', /sent nothing while it was waited for/);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  assert.equal(filter.talks.length, 2);
});

test('a filter that hangs amid one message while it answers other sessions goes on', async (t) => {
  const { clock, filter, fixture, sending } = await hungAmidMessage(t);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  clock.pass(301_000);
  assert.match((await sending).at(-1) ?? '', failed);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  assert.equal(filter.talks.length, 1);
  assert.equal(filter.talk.hasEnded, false);
});

test('a filter that is lost amid the message that it makes is never the end of that message', async (t) => {
  const filter = await ScriptedFilter.start(t, {
    answer: (line, talk) => {
      if (line.what !== 'data-line') proceed(line, talk);
      else {
        talk.dataLine(line, 'Subject: half');
        talk.socket.end();
      }
    },
  });
  const fixture = await receiverFiltered(t, filter, { onFailure: 'continue' });
  assert.match((await replies(fixture)).at(-1) ?? '', failed);
  assert.deepEqual(fixture.spool.kept, []);
});

const madeBadly: Readonly<Record<string, readonly string[]>> = {
  'a header with a line that is no field': ['Subject: x', 'no field', '', 'Hello'],
  'a CR in a field': ['Subject: x\rX-B: c', '', 'Hello'],
  'a header without bounds': Array.from({ length: 20_000 }, () => `X-A: ${'x'.repeat(60)}`),
};
for (const [what, lines] of Object.entries(madeBadly)) {
  test(`a filter that makes ${what} has failed`, async (t) => {
    const filter = await ScriptedFilter.start(t, {
      answer: (line, talk) => {
        if (line.what !== 'data-line') proceed(line, talk);
        else if (line.values[0] === '.') {
          for (const each of lines) talk.dataLine(line, each);
          talk.dataLine(line, '.');
        }
      },
    });
    const fixture = await receiverFiltered(t, filter, { onFailure: 'continue' });
    assert.match((await replies(fixture)).at(-1) ?? '', failed);
    assert.deepEqual(fixture.spool.kept, []);
    // It is asked about the next message as if it were that of another session.
    filter.script = {};
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
    assert.equal(filter.talks.length, 1);
  });
}

test('a filter that makes a message larger than may come has failed', async (t) => {
  const filter = await ScriptedFilter.start(t, {
    answer: (line, talk) => {
      if (line.what !== 'data-line') proceed(line, talk);
      else if (line.values[0] === '.') {
        talk.dataLine(line, 'Subject: x');
        talk.dataLine(line, '');
        for (let i = 0; i < 2_000; i++) talk.dataLine(line, 'x'.repeat(990));
        talk.dataLine(line, '.');
      }
    },
  });
  const fixture = await receiverFiltered(t, filter);
  assert.match((await replies(fixture)).at(-1) ?? '', failed);
  assert.match(fixture.troubles.list[0]?.text ?? '', /larger than max_message_size/);
});

test('a message with a line that no filter could be told is refused, and the filter goes on', async (t) => {
  const filter = await ScriptedFilter.start(t);
  const session = { maxMessageBytes: 10_000_000 };
  const { receiveSettings } = await import('../../receive/fixture.ts');
  const settings = { session: { ...receiveSettings().session, ...session } };
  const fixture = await receiverFiltered(t, filter, {}, { settings, memoryBytes: 100_000_000 });
  const client = await greeted(fixture);
  const content = `Subject: x\r\n\r\n${'x'.repeat(1_100_000)}\r\n`;
  assert.match((await sendMessage(client, { content })).at(-1) ?? '', /^554 5\.6\.0 A line/);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.equal(filter.talks.length, 1);
});

test('a session that began before the process is told to it from its beginning', async (t) => {
  const filter = await ScriptedFilter.start(t);
  const fixture = await receiverFiltered(t, filter);
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  filter.talk.socket.destroy();
  await filter.until(() => filter.talks.length === 2);
  await fixture.host.whenReady();
  assert.match(await client.ask('RCPT TO:<c@example.com>\r\n'), /^250 /);
  assert.deepEqual(
    filter.talk.heard.map(({ stream, what }) => `${stream} ${what}`),
    [
      'report link-connect',
      'report link-greeting',
      'report link-identify',
      'report tx-begin',
      'report tx-mail',
      'report tx-rcpt',
      'report tx-envelope',
      'filter rcpt-to',
    ],
  );
});

const registrations: Readonly<Record<string, (talk: FilterTalk) => void>> = {
  'registers an unknown event': (talk) => talk.say('register|report|smtp-in|link-up', 'register|ready'),
  'registers an unknown phase': (talk) => talk.say('register|filter|smtp-in|vrfy', 'register|ready'),
  'registers for an unknown subsystem': (talk) => talk.say('register|filter|pop|data', 'register|ready'),
  'answers before it is ready': (talk) => talk.result({ session: '1', token: '2' }, 'proceed'),
  'ends at once': ({ socket }) => void socket.destroy(),
};
for (const [what, registration] of Object.entries(registrations)) {
  test(`a filter that ${what} cannot be used`, async (t) => {
    const filter = await ScriptedFilter.start(t, { registration });
    const fixture = await receiverFiltered(t, filter);
    await assert.rejects(fixture.host.whenReady());
    assert.match((await replies(fixture))[0] ?? '', failed);
    assert.equal(fixture.filterTroubles.list[0]?.level, 'critical');
  });
}

test('a command that does not exist is a failure that says so', async (t) => {
  const fixture = await receiverFiltered(t, { command: ['/nowhere/filter'] });
  await assert.rejects(fixture.host.whenReady(), /ENOENT/);
  assert.match((await replies(fixture))[0] ?? '', failed);
  assert.match(fixture.troubles.list[0]?.text ?? '', /cannot be started: ENOENT/);
});

test('with another command, the process before answers what it was asked, and ends', async (t) => {
  const waiting: (() => void)[] = [];
  const before = await ScriptedFilter.start(t, {
    answer: (line, talk) => {
      if (line.what === 'rcpt-to') waiting.push(() => talk.result(line, 'reject|550 5.1.1 old'));
      else proceed(line, talk);
    },
  });
  const after = await ScriptedFilter.start(t);
  const fixture = await receiverFiltered(t, before);
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  const asked = client.ask('RCPT TO:<b@example.com>\r\n');
  await before.until(() => waiting.length === 1);
  fixture.host.configure({
    name: 'filter',
    command: after.command,
    environment: {},
    surroundings: {
      version: '0.7',
      hostname: 'mx.example.org',
      program: 'Sluice-0.1.0',
      sessionTimeoutMs: 1,
    },
    setupMs: 30_000,
  });
  await fixture.host.whenReady();
  waiting[0]?.();
  assert.match(await asked, /^550 5\.1\.1 old/);
  await before.until(() => before.talk.hasEnded);
  assert.match(await client.ask('RCPT TO:<c@example.com>\r\n'), /^250 /);
  assert.equal(after.talk.heard.at(-1)?.what, 'rcpt-to');
});
