// Mail to programs: what they get, what becomes of the mail for each way to end, and that no address is misread.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { outcomeOfEnd } from '../../../src/deliver/pipe/end-outcome.ts';
import type { PipeFacts } from '../../../src/deliver/pipe/pipe-values.ts';
import { OwnPrograms, type PipeEnd } from '../../../src/deliver/pipe/programs.ts';
import type { ExitCodes, PipeWay } from '../../../src/values/local-way.ts';
import { fixture } from '../fixture.ts';
import { deliver, folderFor, gone, hopOf, pipeDefaults, runScript } from './pipe-fixture.ts';

test('a program gets the message with LF, and the fields of the delivery', async (t) => {
  const file = join(folderFor(t), 'got');
  const content = 'Subject: x\r\n\r\nHello\r\nlone \r CR\r\n';
  const result = await runScript(t, 'cat > "$1"', { args: [file] }, { content });
  assert.deepEqual(result, { recipient: 0, result: 'delivered' });
  assert.equal(
    readFileSync(file, 'utf8'),
    'Return-Path: <a@from.test>\nX-Original-To: joe@to.test\nDelivered-To: joe@to.test\nSubject: x\n\nHello\nlone \r CR\n',
  );
});

test('a large message comes in pieces that are cut anywhere, and without fields where none are wanted', async (t) => {
  const file = join(folderFor(t), 'got');
  // eslint-disable-next-line @typescript-eslint/require-await -- the pieces are there
  const pieces = async function* () {
    for (const piece of ['Subject: x\r', '\n\r\nHel', 'lo\r', 'x\r', '\n', '\r']) yield Buffer.from(piece);
  };
  const result = await runScript(
    t,
    'cat > "$1"',
    { args: [file], traceFields: false, mboxFrom: true },
    { pieces, envelope: { reversePath: '' } },
  );
  assert.equal(result.result, 'delivered');
  const [from = '', ...rest] = readFileSync(file, 'utf8').split('\n');
  assert.match(from, /^From MAILER-DAEMON [A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d \d{4}$/);
  assert.equal(rest.join('\n'), 'Subject: x\n\nHello\rx\n\r');
});

test('the environment is that of qmail-command, and the arguments have the facts of the mail', async (t) => {
  const file = join(folderFor(t), 'env');
  const script = 'printf "%s\\n" "$@" > "$0"; env >> "$0"';
  const args = [
    '${user}',
    '${extension}',
    '<${sender}>',
    '${domain}',
    '${original_recipient}',
    '${mailbox}',
    '$HOME;`id`',
  ];
  const made = await fixture(t);
  const to = { address: 'joe+list-a-b@Sub.to.test', originalRecipient: 'rfc822;first@to.test' };
  const way = { ...pipeDefaults, command: ['/bin/sh', '-c', script, file, ...args] };
  await deliver(made, way, { to: [to] });
  const lines = readFileSync(file, 'utf8').split('\n');
  assert.deepEqual(lines.slice(0, 7), [
    'joe',
    'list-a-b',
    '<a@from.test>',
    'sub.to.test',
    'first@to.test',
    'joe+list-a-b',
    '$HOME;`id`',
  ]);
  for (const line of [
    'SENDER=a@from.test',
    'NEWSENDER=a@from.test',
    'RECIPIENT=joe+list-a-b@Sub.to.test',
    'LOCAL=joe+list-a-b',
    'EXT=joe+list-a-b',
    'EXT2=a-b',
    'EXT3=b',
    'EXT4=',
    'DEFAULT=joe+list-a-b',
    'HOST=sub.to.test',
    'HOST2=sub.to',
    'HOST3=sub',
    'RPLINE=Return-Path: <a@from.test>',
    'DTLINE=Delivered-To: joe+list-a-b@Sub.to.test',
  ])
    assert.ok(lines.includes(line), line);
  assert.ok(lines.some((line) => line.startsWith('UFLINE=From a@from.test ')));
  assert.equal(
    lines.some((line) => line.startsWith('NODE_')),
    false,
  );
});

test('each recipient of a transaction gets a run of its own', async (t) => {
  const file = join(folderFor(t), 'runs');
  const made = await fixture(t);
  const script = 'echo "$1" >> "$0"; test "$1" != b@to.test || exit 67';
  const way = { ...pipeDefaults, command: ['/bin/sh', '-c', script, file, '${recipient}'] };
  const results = await deliver(made, way, { to: ['a@to.test', 'b@to.test', 'c@to.test'] });
  assert.deepEqual(
    results.map(({ recipient, result }) => [recipient, result]),
    [
      [0, 'delivered'],
      [1, 'permfail'],
      [2, 'delivered'],
    ],
  );
  assert.equal(readFileSync(file, 'utf8'), 'a@to.test\nb@to.test\nc@to.test\n');
});

const permanent: Readonly<Record<ExitCodes, readonly number[]>> = {
  sysexits: [64, 65, 66, 67, 68, 69, 70, 72, 73, 76, 77, 78],
  qmail: [64, 65, 70, 76, 77, 78, 100, 112],
};
const successful: Readonly<Record<ExitCodes, readonly number[]>> = { sysexits: [0], qmail: [0, 99] };

for (const exitCodes of ['sysexits', 'qmail'] as const) {
  test(`every exit code means what ${exitCodes} says, and others that the mail waits`, async (t) => {
    for (let code = 0; code < 256; code++) {
      const end = { kind: 'ended', code, printed: '' } as const;
      const { result } = outcomeOfEnd({ ...pipeDefaults, exitCodes }, end, 0);
      const wanted = successful[exitCodes].includes(code)
        ? 'delivered'
        : permanent[exitCodes].includes(code)
          ? 'permfail'
          : 'tempfail';
      assert.equal(result, wanted, `exit code ${code}`);
    }
    const made = await fixture(t);
    const command = ['/bin/sh', '-c', 'exit "$1"', 'sh', '${user}'];
    const codes = [0, 67, 75, 99, 100, 111, 255];
    const to = codes.map((code) => `${code}@to.test`);
    const results = await deliver(made, { ...pipeDefaults, command, exitCodes }, { to });
    assert.deepEqual(
      results.map(({ result, error = '' }) => `${result} ${error}`.trim()),
      exitCodes === 'qmail'
        ? [
            'delivered',
            'tempfail 451 4.3.0 /bin/sh ended with 67: a failure for now',
            'tempfail 451 4.3.0 /bin/sh ended with 75: a failure for now',
            'delivered',
            'permfail 550 5.3.0 /bin/sh ended with 100: a permanent failure',
            'tempfail 451 4.3.0 /bin/sh ended with 111: a failure for now',
            'tempfail 451 4.3.0 /bin/sh ended with 255: a failure for now',
          ]
        : [
            'delivered',
            'permfail 550 5.1.1 /bin/sh ended with 67: no such user (EX_NOUSER)',
            'tempfail 451 4.3.0 /bin/sh ended with 75: a failure for now (EX_TEMPFAIL)',
            'tempfail 451 4.3.0 /bin/sh ended with 99: a failure for now',
            'tempfail 451 4.3.0 /bin/sh ended with 100: a failure for now',
            'tempfail 451 4.3.0 /bin/sh ended with 111: a failure for now',
            'tempfail 451 4.3.0 /bin/sh ended with 255: a failure for now',
          ],
    );
  });
}

test('what a program prints is the reason, on one line and with its own status where that fits', async (t) => {
  const told = await runScript(t, String.raw`printf '5.2.2 mailbox\n\033[31mfull\r\n' >&2; exit 69`);
  assert.equal(
    told.error,
    '550 5.2.2 /bin/sh ended with 69: a service is not available (EX_UNAVAILABLE); it said: 5.2.2 mailbox [31mfull',
  );
  const unfit = await runScript(t, 'echo 5.1.1 no; exit 75');
  assert.deepEqual([unfit.result, String(unfit.error).slice(0, 9)], ['tempfail', '451 4.3.0']);
});

test('a program that hangs is ended with its children, and the mail waits', async (t) => {
  const file = join(folderFor(t), 'pids');
  // The shell and the process that it waits for; both ignore nothing.
  const script = 'sleep 1000 & echo $! > "$0"; echo begun; wait';
  const made = await fixture(t);
  const way = { ...pipeDefaults, command: ['/bin/sh', '-c', script, file], timeMs: 3_000 };
  const [result] = await deliver(made, way, { to: ['joe@to.test'] });
  assert.equal(result?.error, '451 4.3.0 /bin/sh did not end within 3 s; it said: begun');
  await gone(Number(readFileSync(file, 'utf8')));
});

test(
  'a program that is ended takes with it what has left its process group',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const file = join(folderFor(t), 'pid');
    const script =
      'setsid sh -c \'echo $$ > "$1"; exec sleep 600\' sh "$1" & while :; do test -s "$1" && exec yes; done';
    const result = await runScript(t, script, { args: [file] });
    assert.equal(result.result, 'tempfail');
    const pid = Number(readFileSync(file, 'utf8'));
    for (;;) {
      const state = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
      if (state === '' || / Z /.test(state)) break;
      await new Promise(setImmediate);
    }
  },
);

test('what a program leaves running ends with it, and does not hold up the result', async (t) => {
  const file = join(folderFor(t), 'pids');
  const result = await runScript(t, 'sleep 1000 & echo $! > "$1"; exit 0', { args: [file] });
  assert.equal(result.result, 'delivered');
  await gone(Number(readFileSync(file, 'utf8')));
});

test('a program that floods is ended, and the mail waits', async (t) => {
  const result = await runScript(t, 'while :; do echo flood; done', { outputBytes: 1000 });
  assert.equal(result.result, 'tempfail');
  assert.match(String(result.error), /printed more than 1000 bytes; it said: flood flood/);
});

test('a program that is killed, or cannot be started, makes the mail wait', async (t) => {
  const killed = await runScript(t, 'kill -9 $$');
  assert.equal(killed.error, '451 4.3.0 /bin/sh was ended by SIGKILL');
  const made = await fixture(t);
  const missing = { ...pipeDefaults, command: ['/nonexistent/program'] };
  const [result] = await deliver(made, missing, { to: ['joe@to.test'] });
  assert.equal(
    result?.error,
    '451 4.3.0 /nonexistent/program could not be started: there is no such program',
  );
  const forbidden = { ...pipeDefaults, command: ['/etc/passwd'] };
  const [second] = await deliver(made, forbidden, { to: ['joe@to.test'] });
  assert.match(String(second?.error), /could not be started: the user may not run it/);
});

test(
  'a program gets no more memory than it may have',
  { skip: !existsSync('/usr/bin/prlimit') },
  async (t) => {
    const script = 'ulimit -v';
    const result = await runScript(t, `${script} > "$1"`, {
      memoryBytes: 64 * 1024 * 1024,
      args: [join(folderFor(t), 'x')],
    });
    assert.equal(result.result, 'delivered');
    const said = await runScript(t, `${script}; exit 75`, { memoryBytes: 64 * 1024 * 1024 });
    assert.match(String(said.error), /it said: 65536$/);
  },
);

test('an address that the command could misread is given to no program', async (t) => {
  const file = join(folderFor(t), 'runs');
  const cases: readonly (readonly [arg: string, to: string, from: string, result: RegExp])[] = [
    ['${user}', '-rf@to.test', 'a@from.test', /^550 5\.1\.3 .*begins with "-"/],
    ['${recipient}', '--help@to.test', 'a@from.test', /^550 5\.1\.3 /],
    ['${sender}', 'joe@to.test', '-x@from.test', /^550 5\.1\.7 the address of the sender begins with "-"/],
    ['/home/${user}/Mail', 'a/../../b@to.test', 'a@from.test', /^550 5\.1\.3 .*another folder/],
    ['/home/${user}/Mail', '".."@to.test', 'a@from.test', /^550 5\.1\.3 .*another folder/],
    ['/home/${user}${extension}', '".+."@to.test', 'a@from.test', /^550 5\.1\.3 .*another folder/],
    ['/home/${user}/Mail', '""@to.test', 'a@from.test', /^550 5\.1\.3 .*leaves a name empty in the path/],
    ['/home/${sender}', 'joe@to.test', '', /^550 5\.1\.7 .*leaves a name empty in the path/],
    [
      '${extension}-${user}',
      'joe@to.test',
      'a@from.test',
      /^550 5\.1\.3 .*leave an argument that begins with "-"/,
    ],
    ['${user}', `${'x'.repeat(2000)}@to.test`, 'a@from.test', /^550 5\.1\.3 .*too long/],
  ];
  const made = await fixture(t);
  for (const [arg, to, from, error] of cases) {
    const command = ['/bin/sh', '-c', 'echo run >> "$0"', file, arg];
    const [result] = await deliver(
      made,
      { ...pipeDefaults, command },
      { to: [to], envelope: { reversePath: from } },
    );
    assert.equal(result?.result, 'permfail', to);
    assert.match(String(result.error), error);
  }
  assert.equal(existsSync(file), false);
  // The same characters are harmless elsewhere.
  const harmless = ['--user=${user}', '${domain}+${user}'];
  const plain = { ...pipeDefaults, command: ['/bin/sh', '-c', 'echo run >> "$0"', file, ...harmless] };
  const [result] = await deliver(made, plain, { to: ['-a/b@to.test'] });
  assert.equal(result?.result, 'delivered');
});

test('an original recipient that the command could misread is named as what it is', async (t) => {
  const way = { ...pipeDefaults, command: ['/bin/true', '${original_recipient}'] };
  const to = { address: 'joe@to.test', originalRecipient: 'rfc822;-oQ/x' };
  const [result] = await deliver(await fixture(t), way, { to: [to] });
  assert.equal(
    result?.error,
    '550 5.1.3 the original recipient (ORCPT) begins with "-", as options of a program do',
  );
});

test('a message that was delivered to the recipient before is a loop', async (t) => {
  const content = 'Subject: x\r\nDelivered-To: JOE@to.test\r\n\r\nDelivered-To: jim@to.test\r\n';
  const made = await fixture(t);
  const [joe, jim] = await deliver(made, pipeDefaults, { to: ['joe@to.test', 'jim@to.test'], content });
  assert.match(String(joe?.error), /^550 5\.4\.6 mail loop/);
  assert.equal(jim?.result, 'delivered');
});

test('a program of another user is not run without root, and the mail waits', async (t) => {
  const result = await runScript(t, 'true', { as: { user: 'somebody-else' } });
  assert.equal(result.result, 'tempfail');
  assert.match(String(result.error), /the program must run as somebody-else, and Sluice runs as/);
});

test('no program runs as root, not even where Sluice does', async () => {
  const run = (as?: PipeWay['as']): Promise<PipeEnd> => {
    const facts: PipeFacts = {
      sender: 'a@from.test',
      recipient: 'joe@to.test',
      originalRecipient: 'joe@to.test',
      queueId: 'Q',
      sizeBytes: 1,
      nowMs: 0,
    };
    const request = { planKey: '', way: { ...pipeDefaults, as }, facts, file: '/dev/null' };
    return new OwnPrograms(0).run(request, new AbortController().signal);
  };
  const reasonOf = (end: PipeEnd): string => (end.kind === 'refused' ? end.reason : end.kind);
  assert.match(reasonOf(await run()), /would run as root: name another user with "as" in the route/);
  assert.match(reasonOf(await run({ user: userInfo().username })), /would run as root/);
  assert.match(reasonOf(await run({ user: 'somebody-else' })), /there is no user "somebody-else"/);
});

test('who is told of success hears of the delivery', async (t) => {
  const notify = { never: false, success: true, failure: true, delay: false };
  const result = await runScript(t, 'true', {}, { to: [{ address: 'joe@to.test', notify }] });
  assert.deepEqual(result, { recipient: 0, result: 'delivered', relayedTo: 'pipe:test', isFinal: true });
});

test('no file of a message is left, however the program ended', async (t) => {
  const made = await fixture(t);
  for (const script of ['true', 'exit 75', 'kill -9 $$'])
    await deliver(made, { ...pipeDefaults, command: ['/bin/sh', '-c', script] }, { to: ['joe@to.test'] });
  assert.deepEqual(readdirSync(made.context.ways.folder), []);
});

test('a sender that stops at once ends the program, and the mail is granted again', async (t) => {
  const made = await fixture(t);
  const folder = folderFor(t);
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const begun = lineFrom(fifo);
  const script = 'echo $$ > "$0"; exec sleep 1000';
  const work = made.spool.add({ to: ['joe@to.test'] });
  const hop = hopOf({ ...pipeDefaults, command: ['/bin/sh', '-c', script, fifo] });
  made.sender.connect({ connection: 1, site: 'site', hop, source: '', work });
  assert.equal((await made.reports.next()).kind, 'ready');
  const pid = Number(await begun);
  made.sender.abandon();
  const closed = await made.reports.next();
  assert.deepEqual(closed, { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await gone(pid);
});

async function lineFrom(fifo: string): Promise<string> {
  const file = await open(fifo, 'r');
  try {
    return (await file.readFile('utf8')).trim();
  } finally {
    await file.close();
  }
}

test('the PATH of programs is that of every host, wherever Sluice was started', async (t) => {
  const file = join(folderFor(t), 'path');
  await runScript(t, 'echo "$PATH" > "$1"', { args: [file] });
  assert.equal(readFileSync(file, 'utf8'), '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n');
});
