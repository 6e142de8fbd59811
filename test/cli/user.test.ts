// `sluice user` and `sluice domain`: what people type, and what is printed.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { checkPassword } from '../../src/password/check-password.ts';
import { parseHash } from '../../src/password/parse-hash.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

const configuration = `hostname = "mx.example.com"
[[directory]]
name = "own"
kind = "users"
path = "users.jsonl"
[[directory]]
name = "base"
kind = "sqlite"
path = "users.sqlite"
[[directory]]
name = "old"
kind = "passwd"
path = "passwd"
`;

interface World {
  readonly path: string;
  readonly run: (args: string, input?: string) => Promise<RunResult>;
  readonly joe: () => Readonly<Record<string, string>>;
}

function world(t: TestContext): World {
  const { path } = temporaryFolder(t, 'user');
  writeFileSync(`${path}/sluice.toml`, configuration);
  return {
    path,
    run: (args, input = '') => sluice(args.split(' '), { cwd: path, input }),
    joe: () => {
      const lines = readFileSync(`${path}/users.jsonl`, 'utf8').split('\n');
      return JSON.parse(lines.find((line) => line.includes('joe@')) ?? '{}') as Readonly<
        Record<string, string>
      >;
    },
  };
}

function fits(stored: string | undefined, password: string): boolean {
  const read = parseHash(stored ?? '');
  return read.kind === 'hash' && checkPassword(read.hash, password);
}

test('a user is added with a password from standard input, shown without it, renamed and removed', async (t) => {
  const { run, joe, path } = world(t);
  assert.equal((await run('domain add example.com')).stdout, 'The domain example.com was added.\n');
  const added = await run(
    'user add joe@example.com --alias j@example.com --sender @example.net --quota 1GiB --mailbox /m',
    'secret one\nmore\n',
  );
  assert.deepEqual([added.code, added.stdout], [0, ''], added.stderr);
  assert.ok(fits(joe()['password'], 'secret one') && fits(joe()['scram'], 'secret one'));
  const shown = await run('user show J@example.com');
  assert.equal(
    shown.stdout,
    `user        joe@example.com
alias       j@example.com
may send    @example.net
mailbox     /m
quota       1GiB
password    Argon2, and a secret of SCRAM
`,
  );
  assert.equal((await run('user list example.com')).stdout, 'joe@example.com\n');
  assert.equal((await run('user list example.net')).stdout, '');
  assert.doesNotMatch((await run('user list --json')).stdout, /argon2|SCRAM-SHA/u);
  assert.equal((await run('domain list')).stdout, 'example.com\t1\n');
  assert.equal((await run('user rename joe@example.com joseph@example.com')).code, 0);
  assert.equal((await run('user remove joseph@example.com')).code, 0);
  assert.equal((await run('domain remove example.com')).code, 0);
  assert.equal(readFileSync(`${path}/users.jsonl`, 'utf8'), '');
});

test('what is known of a user is changed, and printed', async (t) => {
  const { run } = world(t);
  await run('domain add example.com');
  await run('user add joe@example.com --alias j@example.com k@example.com --quota 1GiB --no-password');
  const changed = await run(
    'user set joe@example.com --add-alias l@example.com --remove-alias k@example.com --sender @example.net --no-quota --mailbox /m --disable',
  );
  assert.deepEqual([changed.code, changed.stderr], [0, 'The user joe@example.com was changed.\n']);
  assert.equal(
    changed.stdout,
    `user        joe@example.com
alias       j@example.com
alias       l@example.com
may send    @example.net
mailbox     /m
log-in      nobody may log in as this user
password    none: the user cannot log in
`,
  );
  const none = await run('user set j@example.com --no-alias --no-sender --no-mailbox --enable');
  assert.equal(none.stdout, 'user        joe@example.com\npassword    none: the user cannot log in\n');
  assert.match((await run('user set joe@example.com --enable')).stderr, /was like this before/u);
  const nothing = await run('user set joe@example.com');
  assert.deepEqual([nothing.code, nothing.stdout], [64, '']);
  assert.match(nothing.stderr, /There is nothing to change/u);
  assert.equal((await run('user set joe@example.com --disable --enable')).code, 64);
  assert.equal((await run('user set joe@example.com --quota much')).code, 64);
  assert.equal((await run('user set nobody@example.com --enable')).code, 1);
});

test('a password without a secret for SCRAM is told by show and by check, until there is a new one', async (t) => {
  const { run, path } = world(t);
  const own = configuration.slice(0, configuration.indexOf('[[directory]]\nname = "base"'));
  writeFileSync(`${path}/sluice.toml`, own);
  await run('domain add example.com');
  await run('user add joe@example.com', 'a password');
  const { scram: _, ...without } = JSON.parse(
    readFileSync(`${path}/users.jsonl`, 'utf8').split('\n')[1] ?? '',
  ) as Record<string, unknown>;
  assert.doesNotMatch((await run('check')).stdout, /SCRAM/u);
  writeFileSync(`${path}/users.jsonl`, `{"domain":"example.com"}\n${JSON.stringify(without)}\n`);
  chmodSync(`${path}/users.jsonl`, 0o600);
  assert.match((await run('user show joe@example.com')).stdout, /without a secret of SCRAM/u);
  assert.match((await run('check')).stdout, /joe@example\.com has a password without a secret for SCRAM/u);
  await run('user passwd joe@example.com', 'another password');
  assert.doesNotMatch((await run('check')).stdout, /SCRAM/u);
});

test('a generated password is printed, and is the one that is stored', async (t) => {
  const { run, joe } = world(t);
  await run('domain add example.com');
  const { stdout } = await run('user add joe@example.com --generate');
  assert.match(stdout, /^[a-z2-9-]{23}\n$/u);
  assert.ok(fits(joe()['password'], stdout.trimEnd()));
  const changed = await run('user passwd joe@example.com --generate');
  assert.ok(fits(joe()['password'], changed.stdout.trimEnd()));
  assert.ok(!fits(joe()['password'], stdout.trimEnd()));
});

test('an application password is made, listed and removed', async (t) => {
  const { run } = world(t);
  await run('domain add example.com');
  await run('user add joe@example.com --no-password');
  assert.match((await run('user show joe@example.com')).stdout, /password +none: the user cannot log in/u);
  assert.match((await run('user passwd joe@example.com --application Phone')).stdout, /^[a-z2-9-]{23}\n$/u);
  assert.match((await run('user show joe@example.com')).stdout, /^application Phone$/mu);
  assert.equal((await run('user passwd joe@example.com --application Phone --remove')).code, 0);
  const again = await run('user passwd joe@example.com --application Phone --remove');
  assert.match(again.stderr, /^DIRECTORY_APPLICATION: .*\n {2}There is none\.\n$/u);
  assert.equal((await run('user passwd joe@example.com --remove')).code, 64);
});

test('--source names another directory, and one that others keep is not changed', async (t) => {
  const { run, path } = world(t);
  await run('domain add example.com --source base');
  assert.equal((await run('user add joe@example.com --source base', 'secret\n')).code, 0);
  assert.equal((await run('user list --source base')).stdout, 'joe@example.com\n');
  assert.ok(!existsSync(`${path}/users.jsonl`));
  const other = await run('user list --source old');
  assert.equal(other.code, 64);
  assert.match(
    other.stderr,
    /^DIRECTORY_SOURCE: .*"old" that can be changed\.\n {2}There is "own", "base"\.\n$/u,
  );
});

test('without a password, and without a directory, nothing is changed', async (t) => {
  const { run, path } = world(t);
  await run('domain add example.com');
  const before = readFileSync(`${path}/users.jsonl`, 'utf8');
  const none = await run('user add joe@example.com');
  assert.equal(none.code, 64);
  assert.match(none.stderr, /^PASSWORD_INPUT: There is no password on standard input\./u);
  assert.match((await run('user add joe@example.com', '\n')).stderr, /^DIRECTORY_PASSWORD: /u);
  assert.match((await run('user add joe@example.org', 'x\n')).stderr, /sluice domain add example\.org/u);
  assert.equal(readFileSync(`${path}/users.jsonl`, 'utf8'), before);
  writeFileSync(`${path}/sluice.toml`, 'hostname = "mx.example.com"\n');
  assert.match((await run('user list')).stderr, /^DIRECTORY_SOURCE: .*\n {2}Add one of kind "users"/u);
});

test('on a terminal, the password is asked for twice and not shown', { skip: withoutScript() }, async (t) => {
  const { run, path, joe } = world(t);
  await run('domain add example.com');
  const program = new URL('../../bin/sluice.js', import.meta.url).pathname;
  const command = `${process.execPath} ${program} user add joe@example.com`;
  const typed = promisify(execFile)('script', ['-qec', command, '/dev/null'], { cwd: path });
  // Each is typed when it is asked for.
  let seen = '';
  let asked = 0;
  typed.child.stdout?.on('data', (piece: Buffer | string) => {
    seen += String(piece);
    for (const question of ['New password of joe@example.com: ', 'The same again: '].slice(asked)) {
      if (!seen.includes(question)) break;
      asked++;
      typed.child.stdin?.write('hidden word\r');
    }
  });
  await typed;
  assert.equal(asked, 2);
  assert.doesNotMatch(seen, /hidden/u);
  assert.ok(fits(joe()['password'], 'hidden word'));
});

test('sluice check tells of sources that are missing, have mistakes, or have passwords that Sluice does not check', async (t) => {
  const { run, path } = world(t);
  writeFileSync(`${path}/users.jsonl`, '{"user":"joe@example.com","password":"$y$j9T$salt$hash"}\n');
  chmodSync(`${path}/users.jsonl`, 0o644);
  writeFileSync(`${path}/passwd`, 'joe\n');
  const more =
    '[[directory]]\nname = "d"\nkind = "dovecot"\npath = "passwd"\n[[directory]]\nname = "c"\nkind = "checkpassword"\ncommand = ["/nonexistent"]\n';
  writeFileSync(`${path}/sluice.toml`, `${configuration}${more}`);
  const { stdout, code } = await run('check');
  assert.equal(code, 0);
  for (const warning of [
    /directory\[1\]\.path: .*users\.jsonl: a password is of a kind .* \(joe@example\.com: .*yescrypt/u,
    /directory\[2\]\.path: .*users\.sqlite: it does not exist/u,
    /directory\[1\]\.path: .*users\.jsonl: every user of this host may read or write it/u,
    /directory\[3\]\.path: .*passwd: line 1 has no colon/u,
    /directory\[4\]\.path: .*passwd: it is no socket/u,
    /directory\[5\]\.command: \/nonexistent: it does not exist/u,
  ])
    assert.match(stdout, warning);
});

function withoutScript(): string | false {
  return existsSync('/usr/bin/script') ? false : 'the program script is not installed';
}
