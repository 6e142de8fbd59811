// Plugins that fail at each command: killed, hung, lying, not there. The client is asked to try again, or what is configured happens; and no
// message is lost or changed by half.

import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FailureAnswer } from '../../../src/policy/stage.ts';
import type { Client, Fixture } from '../fixture.ts';
import { type Ground, withPlugins } from './ground.ts';

const login = `AUTH PLAIN ${Buffer.from('\0joe@example.com\0pencil').toString('base64')}`;

/** The commands of a session, and what they get when nothing fails. */
const session = [
  ['connection', '', '220'],
  ['helo', 'EHLO client.example', '250'],
  ['auth', login, '235'],
  ['mail', 'MAIL FROM:<a@example.net>', '250'],
  ['rcpt', 'RCPT TO:<b@example.com>', '250'],
  ['data', 'DATA', '354'],
] as const;
const sections = session.map(([section]) => section);
type Section = (typeof sections)[number];

/** It says what must not count when the next one fails. */
const half = ':echo "HX-Half: 1"; echo SHALF=1; echo LD550 half';

/** Files in the folder of plugins. */
const files: Readonly<Record<string, readonly [text: string, mode: number]>> = {
  'not-executable': ['#!/bin/sh\necho N\n', 0o644],
  'no-interpreter': ['echo N\n', 0o755],
  'wrong-interpreter': ['#!/does/not/exist\necho N\n', 0o755],
  binary: ['\x7fELF', 0o755],
  empty: ['', 0o755],
};

const failures: readonly (readonly [what: string, plugin: string])[] = [
  ['is killed', ':kill -9 $$'],
  ['is killed after its answer', ':echo N; kill -TERM $$'],
  ['crashes', ':echo N; kill -SEGV $$'],
  ['says that it failed', ':exit 120'],
  ['is not there', './none'],
  ['is a folder', './folder'],
  ['is not executable', './not-executable'],
  ['is a script without an interpreter', './no-interpreter'],
  ['is a script with an interpreter that is not there', './wrong-interpreter'],
  ['is no program', './binary'],
  ['is an empty file', './empty'],
  ['prints 10 MB', ':head -c 10000000 /dev/zero | tr "\\\\0" x'],
  ['prints lines without end', ':while :; do echo SA=1; done'],
  ['prints what is no text', ":printf '\\001\\002\\377\\n'"],
  ['prints NUL bytes', ":printf 'E550 a\\000b\\n'"],
  ['puts a CR into a reply', ":printf 'E550 a\\r250 ok\\n'"],
  ['puts a CR into a line of a reply', ":printf 'P250-a\\r354 go\\n'"],
  ['puts a CR into a later reply', ":printf 'LD550 a\\r250 ok\\n'"],
  ['puts a CR into a field', ":printf 'HX-A: a\\rBcc: x@example.com\\n'"],
  ['puts a colon into the name of a field', ":printf 'H: a\\n'"],
  ['adds a field with too long a line', ":printf 'HX-A: '; head -c 2000 /dev/zero | tr '\\0' a; echo"],
  ['refuses with a code of success', ':echo E250 ok'],
  ['refuses without a code', ':echo Eno'],
  ['says too much for later', ":printf SA=; head -c 60000 /dev/zero | tr '\\0' a; echo"],
];

function prepare({ folder }: Ground): void {
  mkdirSync(join(folder, 'folder'));
  for (const [name, [text, mode]] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode });
}

/** Goes through the session up to a section. @returns the reply there */
async function upTo(client: Client, section: Section): Promise<string> {
  let reply = '';
  for (const [each, command, code] of session) {
    reply = command === '' ? await client.reply() : await client.ask(`${command}\r\n`);
    if (each === section) break;
    assert.equal(reply.slice(0, 3), code, each);
  }
  return reply;
}

/** Goes on from a section, whose command is given again. */
async function from(client: Client, section: Section): Promise<void> {
  for (const [each, command, code] of session.slice(sections.indexOf(section))) {
    const reply = command === '' ? await client.reply() : await client.ask(`${command}\r\n`);
    assert.equal(reply.slice(0, 3), code, each);
  }
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250 /);
}

function isWhole(fixture: Fixture): void {
  assert.equal(fixture.spool.kept.length, 1);
  const [kept] = fixture.spool.kept;
  assert.equal(kept?.envelope.reversePath, 'a@example.net');
  assert.deepEqual(
    kept.envelope.recipients.map(({ address }) => address),
    ['b@example.com'],
  );
  assert.match(kept.content, /^Received: .*\r\n(?:[ \t].*\r\n)*Subject: x\r\n\r\nhello\r\n$/);
}

const failedReply = (section: Section): RegExp =>
  section === 'connection'
    ? /^421 .*A check of this server failed/
    : /^451 (?:4\.3\.0 )?A check of this server failed/;

/** A plugin fails at each command; then it is mended, and the client gives the command again. */
async function failsEverywhere(ground: Ground, plugin: string): Promise<void> {
  const { fixture, write } = ground;
  prepare(ground);
  for (const section of sections) {
    write(`[${section}]\n${half}\n${plugin}\n`);
    let client = await fixture.client();
    assert.match(await upTo(client, section), failedReply(section), section);
    write('');
    if (section === 'connection') client = await fixture.client();
    // A refusal of DATA ends the transaction.
    await from(client, section === 'data' ? 'mail' : section);
    isWhole(fixture);
    fixture.spool.kept.length = 0;
    client.socket.destroy();
  }
}

for (const [what, plugin] of failures) {
  test(`a plugin that ${what} is a temporary error`, async (t) => {
    await failsEverywhere(await withPlugins(t, '', { auth: true, timeLimitMs: 60_000 }), plugin);
  });
}

test('a plugin that hangs is a temporary error, and ends', async (t) => {
  const ground = await withPlugins(t, '', { auth: true, timeLimitMs: 1000 });
  await failsEverywhere(ground, ':echo $$ >> "$OUT/pids"; echo N; exec 2>&-; trap "" TERM; exec sleep 600');
  for (const pid of readFileSync(join(ground.folder, 'pids'), 'utf8').trim().split('\n'))
    assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' }, pid);
});

/** For the shell: in the background, with its process id in a file. */
const aside = '& echo $! > "$OUT/child"';

for (const [which, plugin, expected] of [
  ['standard output', `echo E550 no; sleep 600 2>&- ${aside}`, /^550 no/],
  ['standard output, then answers', `sleep 600 2>&- ${aside}; sleep 0.1; echo E550 no`, /^550 no/],
  [
    'standard output, then prints much',
    `sleep 600 2>&- ${aside}; head -c 60000 /dev/zero | tr "\\0" x; echo; echo E550 no`,
    /^550 no/,
  ],
  ['standard error', `echo E550 no; sleep 600 >&- ${aside}`, /^550 no/],
  ['standard error, without an answer,', `sleep 600 >&- ${aside}`, /^250 /],
  ['output, after a refusal for later,', `echo LR551 later; sleep 600 ${aside}`, /^250 /],
] as const) {
  test(`a plugin that leaves a child with its ${which} has ended when it ends itself`, async (t) => {
    // The time is over long after that of the test.
    const { fixture, folder } = await withPlugins(t, `[mail]\n:${plugin}\n`, { timeLimitMs: 600_000 });
    const client = await fixture.client();
    await client.reply();
    await client.ask('EHLO client.example\r\n');
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), expected);
    // It goes on, as a plugin may want.
    process.kill(Number(readFileSync(join(folder, 'child'), 'utf8')), 'SIGKILL');
  });
}

test('all plugins of a command have the time of one', async (t) => {
  const { fixture, folder } = await withPlugins(t, '[mail]\n:sleep 600\n:touch "$OUT/second"\n', {
    timeLimitMs: 1000,
  });
  const client = await fixture.client();
  await client.reply();
  await client.ask('EHLO client.example\r\n');
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451 /);
  assert.throws(() => readFileSync(join(folder, 'second')), { code: 'ENOENT' });
});

for (const [what, plugin] of [
  ['is slow', ':sleep 0.2; echo N'],
  ['removes itself while it runs', './leaving'],
  ['writes 1 MB to its standard error', ':head -c 1000000 /dev/zero | tr "\\\\0" y >&2'],
  ['reads its standard input', ':cat; echo N'],
  ['prints a long line that means nothing', ':head -c 60000 /dev/zero | tr "\\\\0" x'],
  ['prints no newline at the end', ":printf 'N'"],
  ['ends with CR LF', ":printf 'N\\r\\n'"],
  ['closes its output at once', ':exec >&- 2>&-; sleep 0.1'],
  ['leaves a child without its output', ':sleep 5 > /dev/null 2>&1 &'],
] as const) {
  test(`a plugin that ${what} has answered`, async (t) => {
    const { fixture, folder, write } = await withPlugins(t, '', { auth: true });
    for (const section of sections) {
      writeFileSync(join(folder, 'leaving'), '#!/bin/sh\nrm "$0"\necho N\n', { mode: 0o755 });
      write(`[${section}]\n${plugin}\n`);
      const client = await fixture.client();
      await from(client, 'connection');
      isWhole(fixture);
      fixture.spool.kept.length = 0;
      client.socket.destroy();
    }
  });
}

/** What happens at each command, as it is named in the configuration. */
const choices: Readonly<
  Record<Exclude<FailureAnswer, 'tempfail'>, (section: Section) => RegExp | 'goes on' | 'is held'>
> = {
  continue: () => 'goes on',
  quarantine: (section) =>
    section === 'mail' || section === 'rcpt' || section === 'data' ? 'is held' : failedReply(section),
  disconnect: () => /^421 (?:4\.3\.0 )?mx\.example\.org A check of this server failed/,
};

for (const [choice, at] of Object.entries(choices)) {
  test(`on_failure = "${choice}"`, async (t) => {
    const { fixture, write } = await withPlugins(t, '', { auth: true, onFailure: choice as FailureAnswer });
    for (const section of sections) {
      write(`[${section}]\n${half}\n:kill -9 $$\n`);
      const client = await fixture.client();
      const expected = at(section);
      if (expected instanceof RegExp) assert.match(await upTo(client, section), expected, section);
      else {
        await from(client, 'connection');
        isWhole(fixture);
        assert.equal(
          fixture.spool.kept[0]?.envelope.quarantine !== undefined,
          expected === 'is held',
          section,
        );
        fixture.spool.kept.length = 0;
      }
      client.socket.destroy();
    }
  });
}

test('without a file descriptor for its pipes, a plugin is a temporary error', async (t) => {
  const { fixture } = await withPlugins(t, '[rcpt]\n:true\n');
  const client = await fixture.client();
  await client.reply();
  await client.ask('EHLO client.example\r\n');
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250 /);
  const taken: number[] = [];
  try {
    while (taken.length < 100_000) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE');
  }
  if (taken.length === 100_000) {
    for (const fd of taken) closeSync(fd);
    t.skip('this process may open more files than the test can take');
    return;
  }
  // Room for the file of plugins, which is looked at again, and for none of the pipes.
  closeSync(taken.pop() ?? assert.fail());
  const reply = await client.ask('RCPT TO:<c@example.com>\r\n');
  for (const fd of taken) closeSync(fd);
  assert.match(reply, /^451 /);
  assert.match(await client.ask('RCPT TO:<c@example.com>\r\n'), /^250 /);
});
