// The supervisor's desk for secrets: what it gives to senders, how it follows the files, and what it says about those that it cannot read.

import assert from 'node:assert/strict';
import fs, { chmodSync, mkdirSync, renameSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { secretProblems } from '../../src/cli/secret-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { SecretDesk } from '../../src/process/supervise/secret-desk.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { keptLog } from './quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function world(t: TestContext) {
  const folder = temporaryFolder(t, 'secrets').path;
  const log = keptLog();
  const troubles = new Troubles();
  const config = (...credentials: string[]) =>
    parseConfig(
      credentials.map((keys, at) => `[[credential]]\nname = "c${at + 1}"\nuser = "joe"\n${keys}\n`).join(''),
      join(folder, 'sluice.toml'),
    );
  return {
    log,
    troubles,
    config,
    path: (name: string) => join(folder, name),
    desk: (...credentials: string[]) =>
      new SecretDesk(config(...credentials), {
        log,
        troubles,
        environment: { SECRET: 'of the environment' },
      }),
    /** Replaces a file as a whole. */
    write(name: string, text: string | Buffer, mode = 0o600) {
      writeFileSync(join(folder, 'new'), text, { mode });
      renameSync(join(folder, 'new'), join(folder, name));
    },
  };
}

test('the secret of an issuer of tokens is hidden from all but the keys process, which reads it', (t) => {
  const here = world(t);
  const desk = here.desk('password_env = "SECRET"');
  const issuer = [
    '[[directory]]\nname = "own"\nkind = "users"\npath = "users.jsonl"',
    '[[token_issuer]]\nname = "one"\nissuer = "https://id.example.com"',
    'introspection_url = "https://id.example.com/i"\nclient_id = "sluice"\nclient_secret_env = "OF_KEYS"',
  ];
  const text = `[[credential]]\nname = "c1"\nuser = "joe"\npassword_env = "SECRET"\n${issuer.join('\n')}\n`;
  desk.use(parseConfig(text, here.path('sluice.toml')));
  assert.deepEqual(desk.hiddenFrom('receiver'), ['SECRET', 'OF_KEYS']);
  assert.deepEqual(desk.hiddenFrom('keys'), ['SECRET']);
  desk.use(
    parseConfig(
      text.replace('password_env = "SECRET"', 'password_env = "OF_KEYS"'),
      here.path('sluice.toml'),
    ),
  );
  assert.deepEqual(desk.hiddenFrom('keys'), []);
});

test('senders get the passwords and tokens, without the end of the line', (t) => {
  const here = world(t);
  here.write('a', ' spaces and = "ö" \n');
  here.write('b', 'token\r\n');
  const desk = here.desk(
    'password_file = "a"',
    'token_file = "b"',
    'password_env = "SECRET"',
    'token_command = ["/bin/true"]',
  );
  assert.deepEqual(desk.secrets, {
    c1: { kind: 'secret', text: ' spaces and = "ö" ' },
    c2: { kind: 'secret', text: 'token' },
    c3: { kind: 'secret', text: 'of the environment' },
  });
  for (const role of ['manager', 'sender', 'keys'] as const)
    assert.deepEqual(desk.hiddenFrom(role), ['SECRET']);
  assert.deepEqual(here.troubles.list, []);
});

test('a changed file is read again, and who has to know is told the name alone', async (t) => {
  const here = world(t);
  here.write('a', 'one');
  const desk = here.desk('password_file = "a"', 'password_env = "SECRET"');
  const told: (readonly string[])[] = [];
  desk.onChanged((names) => told.push(names));
  await desk.look();
  assert.deepEqual(told, []);
  here.write('a', 'two');
  await desk.look();
  assert.deepEqual(told, [['c1']]);
  assert.deepEqual(desk.secrets['c1'], { kind: 'secret', text: 'two' });
  here.write('a', 'two\n');
  await desk.look();
  assert.deepEqual(told, [['c1']], 'the secret is the same');
});

test('a file that is gone for a moment leaves the secret of before in force', async (t) => {
  const here = world(t);
  here.write('a', 'one');
  const desk = here.desk('password_file = "a"');
  unlinkSync(here.path('a'));
  await desk.look();
  assert.deepEqual(desk.secrets['c1'], { kind: 'secret', text: 'one' });
  const [trouble] = here.troubles.list;
  assert.match(trouble?.text ?? '', /reading .*a: there is no such file\. What was read before is used\./u);
  here.write('a', 'one');
  await desk.look();
  assert.deepEqual(here.troubles.list, []);
  desk.use(here.config('password_file = "elsewhere"'));
  assert.equal(desk.secrets['c1']?.kind, 'missing', 'what was in another file is not meant');
});

test('what is no secret is told without a byte of it, and stops nothing', (t) => {
  const here = world(t);
  const cases: readonly (readonly [content: string | Buffer, says: RegExp])[] = [
    ['', /it is empty/u],
    ['\n', /it is empty/u],
    ['hidden\nsecond\n', /more than one line/u],
    ['hidden\0x', /more than one line/u],
    [Buffer.from([0x68, 0xff]), /it is not UTF-8/u],
    ['hidden'.repeat(2000), /larger than 8 KiB/u],
  ];
  for (const [content, says] of cases) {
    here.write('a', content);
    const desk = here.desk('password_file = "a"');
    assert.equal(desk.secrets['c1']?.kind, 'missing');
    const words = JSON.stringify([here.troubles.list, here.log.lines]);
    assert.match(words, says);
    assert.doesNotMatch(words, /hidden/u);
  }
  mkdirSync(here.path('d'));
  here.desk('password_file = "d"');
  assert.match(here.troubles.list[0]?.text ?? '', /it is not a file/u);
  rmdirSync(here.path('d'));
  const desk = here.desk('password_env = "NOT_THERE"');
  assert.deepEqual(desk.secrets['c1'], {
    kind: 'missing',
    reason: 'the environment has no variable NOT_THERE',
  });
});

test('"sluice check" warns of secrets that are missing, and of files that everybody may read', (t) => {
  const here = world(t);
  here.write('a', 'x');
  chmodSync(here.path('a'), 0o644);
  here.write('b', 'x');
  const config = here.config(
    'password_file = "a"',
    'password_file = "b"',
    'token_file = "c"',
    'password_env = "NOT_THERE"',
    'token_command = ["/nonexistent/token"]',
  );
  assert.deepEqual(
    secretProblems(config, {}).map(({ path, message }) => `${path.join('.')}: ${message}`),
    [
      `credential.0.password_file: every user of this host may read ${here.path('a')}; close it: chmod 600 ${here.path('a')}`,
      `credential.2.token_file: reading ${here.path('c')}: there is no such file; until then, mail that needs this credential waits`,
      'credential.3.password_env: this command has no NOT_THERE in its environment; if Sluice starts without it, mail that needs this credential waits',
      'credential.4.token_command: /nonexistent/token cannot be run; until then, mail that needs this credential waits',
    ],
  );
});

test('"sluice check" warns of a password of rspamd that is missing, or that everybody may read', (t) => {
  const here = world(t);
  const warnings = (file: string): readonly string[] => {
    const stage = `[[stage]]\nname = "spam"\nkind = "rspamd"\naddress = "inet:11333@127.0.0.1"\npassword_file = ${JSON.stringify(here.path(file))}\n`;
    return secretProblems(parseConfig(stage, 'sluice.toml')).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
  };
  here.write('closed', 'x\n\n');
  chmodSync(here.path('closed'), 0o600);
  assert.deepEqual(warnings('closed'), []);
  chmodSync(here.path('closed'), 0o644);
  assert.deepEqual(warnings('closed'), [
    `stage.0.password_file: every user of this host may read ${here.path('closed')}; close it to all but the user of the receivers, who read it`,
  ]);
  assert.match(
    warnings('gone')[0] ?? '',
    /gone cannot be read, so that mail is answered as on_failure says: ENOENT/u,
  );
  assert.match(warnings('.')[0] ?? '', /it is not a file/u);
});

test('a file that could not be opened for a moment is read again, although it has not changed', async (t) => {
  const here = world(t);
  here.write('c1', 'of the file');
  const tooMany = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  const opening = t.mock.method(fs, 'openSync', () => {
    throw tooMany;
  });
  syncBuiltinESMExports();
  t.after(() => {
    opening.mock.restore();
    syncBuiltinESMExports();
  });
  const desk = here.desk('password_file = "c1"');
  assert.equal(desk.secrets['c1']?.kind, 'missing');
  opening.mock.restore();
  syncBuiltinESMExports();
  await desk.look();
  assert.deepEqual(desk.secrets['c1'], { kind: 'secret', text: 'of the file' });
  assert.deepEqual(here.troubles.list, []);
});
