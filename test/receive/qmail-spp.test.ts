// Plugins of qmail-spp in real sessions: shell scripts, as administrators write them.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Places } from '../../src/io/places.ts';
import { FollowedFile } from '../../src/policy/followed-file.ts';
import { parseSppControl } from '../../src/policy/qmail-spp/control-file.ts';
import { PluginPrograms } from '../../src/policy/qmail-spp/plugin-programs.ts';
import { QmailSppStage } from '../../src/policy/qmail-spp/spp-stage.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Client, type Fixture, start } from './fixture.ts';

interface Options {
  readonly mayRelay?: boolean;
  readonly timeLimitMs?: number;
  readonly places?: Places;
  readonly xclient?: readonly string[];
}

interface Ground {
  readonly fixture: Fixture;
  readonly folder: string;
  readonly complaints: string[];
  /** Changes the plugins. */
  write(control: string): void;
}

/** A receiver with these plugins; example.com is its domain. `$OUT` is a folder for what plugins write. */
async function withPlugins(t: TestContext, control: string, options: Options = {}): Promise<Ground> {
  const { path: folder } = temporaryFolder(t, 'qmail-spp');
  const file = join(folder, 'smtpplugins');
  const complaints: string[] = [];
  writeFileSync(file, control);
  const timeLimitMs = options.timeLimitMs ?? 30_000;
  let nowMs = 0;
  const stage = new QmailSppStage({
    name: 'plugins',
    timeLimitMs,
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    control: new FollowedFile({
      path: file,
      mostBytes: 10_000,
      lookEveryMs: 1000,
      parse: parseSppControl,
      nowMs: () => (nowMs += 10_000),
    }),
    programs: new PluginPrograms({
      timeLimitMs,
      home: folder,
      surroundings: { hostname: 'mx.example.org', base: { PATH: process.env['PATH'] ?? '', OUT: folder } },
      places: options.places ?? new Places(20, 100),
      names: { of: () => Promise.resolve({ kind: 'names', names: ['client.example.net'] }) },
      complain: (line) => complaints.push(line),
    }),
    acceptsDomain: (domain) => domain === 'example.com',
  });
  const fixture = await start(t, {
    firstStages: [{ stage }],
    settings: { maxConnections: 100, maxConnectionsPerClient: 100 },
    networks: [options.mayRelay === true ? '127.0.0.0' : '10.0.0.0'],
    ...(options.xclient !== undefined && { xclient: options.xclient }),
  });
  return { fixture, folder, complaints, write: (text) => writeFileSync(file, text) };
}

const commands = {
  connection: '',
  helo: 'EHLO client.example\r\n',
  mail: 'MAIL FROM:<a@example.net>\r\n',
  rcpt: 'RCPT TO:<b@example.com>\r\n',
  data: 'DATA\r\n',
} as const;
type Section = keyof typeof commands;
const sections = Object.keys(commands) as Section[];

/** Goes on until the command of a section, and returns its reply. */
async function replyAt(client: Client, section: Section): Promise<string> {
  let reply = '';
  for (const each of sections.slice(0, sections.indexOf(section) + 1)) {
    reply = each === 'connection' ? await client.reply() : await client.ask(commands[each]);
  }
  return reply;
}

/** What each letter does at each command. */
const golden: readonly (readonly [string, Readonly<Record<Section, RegExp>>])[] = [
  [
    'E550 no (#5.7.1)',
    {
      connection: /^554 no \(#5\.7\.1\)$/,
      helo: /^550 no \(#5\.7\.1\)$/,
      mail: /^550 no \(#5\.7\.1\)$/,
      rcpt: /^550 no \(#5\.7\.1\)$/,
      data: /^550 no \(#5\.7\.1\)$/,
    },
  ],
  [
    'E451 later',
    {
      connection: /^421 mx\.example\.org later$/,
      helo: /^451 later$/,
      mail: /^451 later$/,
      rcpt: /^451 later$/,
      data: /^451 later$/,
    },
  ],
  [
    'R421 bye',
    {
      connection: /^421 mx\.example\.org bye$/,
      helo: /^421 mx\.example\.org bye$/,
      mail: /^421 mx\.example\.org bye$/,
      rcpt: /^421 mx\.example\.org bye$/,
      data: /^421 mx\.example\.org bye$/,
    },
  ],
  ['D', { connection: /^$/, helo: /^$/, mail: /^$/, rcpt: /^$/, data: /^$/ }],
  [
    'P250-hello there',
    {
      connection: /^220-hello there\r\n220 /,
      helo: /^250-hello there\r\n250-mx\.example\.org/,
      mail: /^250-2\.1\.0 hello there\r\n250 /,
      rcpt: /^250-2\.1\.5 hello there\r\n250 /,
      data: /^354-hello there\r\n354 /,
    },
  ],
  ...['A', 'N', 'O', '', 'SA=b', 'UA', 'HX-Plugin: yes', 'nonsense'].map(
    (letter) =>
      [letter, { connection: /^220 /, helo: /^250/, mail: /^250 /, rcpt: /^250 /, data: /^354 / }] as const,
  ),
  ...['E250 no', 'Sno', 'Hno'].map(
    (letter) =>
      [
        letter,
        {
          connection: /^421 4\.3\.0 mx\.example\.org A check of this server failed/,
          helo: /^451 A check/,
          mail: /^451 4\.3\.0 A check/,
          rcpt: /^451 4\.3\.0 A check/,
          data: /^451 4\.3\.0 A check/,
        },
      ] as const,
  ),
];

for (const [letter, replies] of golden) {
  test(`a plugin prints ${JSON.stringify(letter)} at each command`, async (t) => {
    const { fixture, write } = await withPlugins(t, '');
    for (const section of sections) {
      write(`[${section}]\n:echo '${letter}'\n`);
      const client = await fixture.client();
      assert.match(await replyAt(client, section), replies[section], section);
    }
  });
}

test('refusals of later commands come at their command, and end with the transaction', async (t) => {
  const { fixture } = await withPlugins(
    t,
    '[helo]\n:test "$SMTPHELOHOST" = bad.example && echo LM550 bad sender\n[mail]\n:test "$SMTPMAILFROM" = x@example.net && echo LR551 bad rcpt && echo LD552 bad data\n',
  );
  const bad = await fixture.client();
  await bad.reply();
  await bad.ask('EHLO bad.example\r\n');
  assert.equal(await bad.ask('MAIL FROM:<a@example.net>\r\n'), '550 bad sender');
  await bad.ask('RSET\r\n');
  assert.equal(await bad.ask('MAIL FROM:<a@example.net>\r\n'), '550 bad sender');
  const client = await fixture.client();
  await client.reply();
  await client.ask('EHLO client.example\r\n');
  await client.ask('MAIL FROM:<x@example.net>\r\n');
  assert.equal(await client.ask('RCPT TO:<b@example.com>\r\n'), '551 bad rcpt');
  await client.ask('RSET\r\n');
  await client.ask('MAIL FROM:<y@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250 /);
  assert.match(await client.ask('DATA\r\n'), /^354 /);
});

test('plugins know who sends what', async (t) => {
  const { fixture, folder } = await withPlugins(
    t,
    '[connection]\n:echo SMINE=kept\n[rcpt]\n:env | sort > "$OUT/env"\n[data]\n:env | sort > "$OUT/data"\n',
  );
  const client = await fixture.client();
  await replyAt(client, 'rcpt');
  await client.ask('RCPT TO:<joe@elsewhere.example>\r\n');
  const seen = Object.fromEntries(
    readFileSync(join(folder, 'env'), 'utf8')
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
  assert.equal(seen['SMTPHELOHOST'], 'client.example');
  assert.equal(seen['SMTPMAILFROM'], 'a@example.net');
  assert.equal(seen['SMTPRCPTTO'], 'joe@elsewhere.example');
  assert.equal(seen['SMTPRCPTCOUNT'], '1');
  assert.equal(seen['SMTPRCPTCOUNTALL'], '1');
  assert.equal(seen['SMTPRCPTHOSTSOK'], undefined);
  assert.equal(seen['RELAYCLIENT'], undefined);
  assert.equal(seen['TCPREMOTEIP'], '127.0.0.1');
  assert.equal(seen['TCPREMOTEHOST'], 'client.example.net');
  assert.equal(seen['TCPREMOTEPORT'], String(client.socket.localPort));
  assert.equal(seen['TCPLOCALIP'], '127.0.0.1');
  assert.equal(seen['TCPLOCALPORT'], String(client.socket.remotePort));
  assert.equal(seen['TCPLOCALHOST'], 'mx.example.org');
  assert.equal(seen['PROTO'], 'TCP');
  assert.equal(seen['MINE'], 'kept');
  assert.equal(seen['USER'], undefined);
  await client.ask('DATA\r\n');
  assert.match(readFileSync(join(folder, 'data'), 'utf8'), /^SMTPRCPTCOUNTALL=2$/m);
});

test('a local recipient is told by SMTPRCPTHOSTSOK, and NOSPP and A turn plugins off', async (t) => {
  const { fixture, folder } = await withPlugins(
    t,
    '[mail]\n:test "$SMTPMAILFROM" = off@example.net && echo A\n[rcpt]\n:echo "$SMTPRCPTTO $SMTPRCPTHOSTSOK" >> "$OUT/seen"\n',
  );
  const client = await fixture.client();
  await replyAt(client, 'rcpt');
  await client.ask('RSET\r\n');
  await client.ask('MAIL FROM:<off@example.net>\r\n');
  await client.ask('RCPT TO:<c@example.com>\r\n');
  assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), 'b@example.com 1\n');
});

test('RELAYCLIENT lets a client relay, appends its value, and takes the right away again', async (t) => {
  const control = (line: string) => `[mail]\n:${line}\n`;
  const { fixture, write } = await withPlugins(t, control('true'));
  const reply = async (): Promise<string> => {
    const client = await fixture.client();
    await replyAt(client, 'mail');
    return client.ask('RCPT TO:<c@elsewhere.example>\r\n');
  };
  assert.equal(await reply(), '550 5.7.1 Relaying denied');
  write(control('echo SRELAYCLIENT='));
  assert.match(await reply(), /^250 /);
  write(control('echo SRELAYCLIENT=.relay.example'));
  const client = await fixture.client();
  await replyAt(client, 'mail');
  await client.ask('RCPT TO:<c@elsewhere.example>\r\n');
  await client.ask('DATA\r\n');
  await client.ask('Subject: x\r\n\r\n.\r\n');
  assert.deepEqual(
    fixture.spool.kept[0]?.envelope.recipients.map(({ address }) => address),
    ['c@elsewhere.example.relay.example'],
  );
  const { fixture: ours } = await withPlugins(t, control('echo URELAYCLIENT'), { mayRelay: true });
  const own = await ours.client();
  await replyAt(own, 'mail');
  assert.equal(await own.ask('RCPT TO:<c@elsewhere.example>\r\n'), '550 5.7.1 Relaying denied');
  assert.match(await own.ask('RCPT TO:<c@example.com>\r\n'), /^250 /);
});

test('O leaves out the checks of the server', async (t) => {
  const { fixture } = await withPlugins(t, '[rcpt]\n:test "$SMTPRCPTTO" = c@elsewhere.example && echo O\n');
  const client = await fixture.client();
  await replyAt(client, 'mail');
  assert.match(await client.ask('RCPT TO:<c@elsewhere.example>\r\n'), /^250 /);
  assert.equal(await client.ask('RCPT TO:<d@elsewhere.example>\r\n'), '550 5.7.1 Relaying denied');
});

test('fields and addresses are changed, in the order in which it was said', async (t) => {
  const { fixture } = await withPlugins(
    t,
    '[connection]\n:echo HX-First: 1\n[mail]\n:echo Cnew@example.net\n:echo "HX-Second: $SMTPMAILFROM"\n[rcpt]\n:echo Cchanged@example.com\n',
  );
  const client = await fixture.client();
  await replyAt(client, 'data');
  await client.ask('Subject: x\r\n\r\n.\r\n');
  const stored = fixture.spool.kept[0]?.envelope;
  assert.equal(stored?.reversePath, 'new@example.net');
  assert.deepEqual(
    stored?.recipients.map(({ address }) => address),
    ['changed@example.com'],
  );
  assert.match(
    fixture.spool.kept[0]?.content ?? '',
    /^Received: [^]*?\r\nX-First: 1\r\nX-Second: new@example\.net\r\nSubject: x/,
  );
  // The next message has nothing of it but what is said again.
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('DATA\r\n');
  await client.ask('Subject: y\r\n\r\n.\r\n');
  assert.doesNotMatch(fixture.spool.kept[1]?.content ?? '', /X-First/);
  assert.match(fixture.spool.kept[1]?.content ?? '', /X-Second/);
});

test('a plugin that cannot do its work is a temporary error, whatever it printed', async (t) => {
  const { fixture, write, folder } = await withPlugins(t, '', { timeLimitMs: 3000 });
  for (const [plugin, isFailure] of [
    [':echo E550 no; exit 120', true],
    [':echo A; kill -9 $$', true],
    ['does/not/exist', true],
    [folder, true],
    [':head -c 100000 /dev/zero | tr "\\\\0" x', true],
    [':echo A; sleep 60', true],
    [':exit 3', false],
    [':echo; exit 1', false],
    [':sleep 60 >/dev/null 2>&1 &', false],
  ] as const) {
    write(`[mail]\n${plugin}\n`);
    const client = await fixture.client();
    const reply = await replyAt(client, 'mail');
    assert.match(reply, isFailure ? /^451 4\.3\.0 A check of this server failed/ : /^250 /, plugin);
  }
});

test('a file of plugins that nobody can understand is a temporary error, until it is mended', async (t) => {
  const { fixture, write } = await withPlugins(t, '[quit]\n:true\n');
  const client = await fixture.client();
  assert.match(await client.reply(), /^421 /);
  write('[rcpt]\n:true\n');
  assert.match(await (await fixture.client()).reply(), /^220 /);
});

test('what plugins write to their standard error goes to the log', async (t) => {
  const { fixture, complaints } = await withPlugins(t, '[mail]\n:echo "user unknown" >&2; echo more >&2\n');
  await replyAt(await fixture.client(), 'mail');
  assert.deepEqual(
    complaints.map((line) => line.replace(/^:.*?: /, '')),
    ['user unknown', 'more'],
  );
});

test('programs wait in line, and a session beyond the line is asked to try again', async (t) => {
  const places = new Places(1, 0);
  const { fixture } = await withPlugins(t, '[mail]\n:true\n', { places });
  const client = await fixture.client();
  await replyAt(client, 'helo');
  assert.equal(await places.take(1000), 'place');
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451 4\.3\.0 /);
  places.leave();
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250 /);
});
