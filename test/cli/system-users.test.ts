// What commands say of users of the system: warnings of `sluice check`, and the file that decides.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemUserText } from '../../src/cli/explain-system-user.ts';
import { systemUserProblems } from '../../src/cli/system-user-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { FoundUser } from '../../src/io/system-users.ts';
import { usualWay } from '../local/ground.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const route = '[[route]]\ndomain = ["here.test"]\nlocal = true\n';

async function warnings(text: string, uid = 0): Promise<readonly string[]> {
  const found = await systemUserProblems(parseConfig(text, '/etc/sluice.toml'), uid);
  return found.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('check warns of aliases that are missing or open to others, and of a start without root', async (t) => {
  const file = join(temporaryFolder(t, 'aliases').path, 'aliases');
  const local = `${route}[local]\naliases = ["${file}"]\n`;
  assert.deepEqual(await warnings(`[local]\naliases = ["${file}"]\n`, 1), []);
  assert.deepEqual(await warnings(local), [`local.aliases.0: ${file} is not there, so it has no aliases`]);
  writeFileSync(file, 'a: b\n', { mode: 0o644 });
  assert.deepEqual(await warnings(local), []);
  chmodSync(file, 0o666);
  assert.match(
    (await warnings(local)).join('\n'),
    /^local\.aliases\.0: .*others may write to it; mail .* waits$/,
  );
  assert.match(
    (await warnings(`${route}[local]\naliases = []\n`, 1000)).join('\n'),
    /^route\.0\.local: only a Sluice that root/,
  );
  assert.deepEqual(await warnings(`user = "nobody"\n${route}[local]\naliases = []\n`, 1000), []);
});

test('check warns of a home of the user alias that receivers cannot pass through', async (t) => {
  const { path: home } = temporaryFolder(t, 'alias');
  const alias: FoundUser = { kind: 'user', name: 'alias', uid: 5000, gid: 5000, home };
  const found = async (text: string): Promise<readonly string[]> => {
    const config = parseConfig(`${text}${route}[local]\naliases = []\n`, '/etc/sluice.toml');
    const all = await systemUserProblems(config, 0, async (name) =>
      name === 'alias' ? alias : { kind: 'absent' },
    );
    return all.map(({ message }) => message);
  };
  chmodSync(home, 0o700);
  assert.match((await found('user = "nobody"\n')).join('\n'), /^others may not pass through .*chmod o\+x /);
  assert.deepEqual(await found(''), []);
  chmodSync(home, 0o711);
  assert.deepEqual(await found('user = "nobody"\n'), []);
});

test('check warns of aliases whose mail waits', async (t) => {
  const { path: folder } = temporaryFolder(t, 'aliases');
  const file = join(folder, 'aliases');
  const found = async (text: string): Promise<readonly string[]> => {
    writeFileSync(file, text, { mode: 0o644 });
    const all = await warnings(`${route}[local]\naliases = ["${file}"]\n`);
    return all.map((each) => each.replace('local.aliases: mail for the alias ', '').replaceAll(folder, '/f'));
  };
  writeFileSync(join(folder, 'self'), `:include:${folder}/self\n`, { mode: 0o644 });
  writeFileSync(join(folder, 'empty'), '', { mode: 0o644 });
  assert.deepEqual(await found('c1: c2@here.test\nc2: c1\ngood: joe, c3\nc3: good\n'), [
    'c1 waits: the alias c1 stands for nobody: c1 -> c2 -> c1',
    'c2 waits: the alias c2 stands for nobody: c2 -> c1 -> c2',
  ]);
  assert.deepEqual(
    await found(
      `e: :error:no\nx: joe@@x\nm: :include:/f-none\ns: :include:${folder}/self\nn: :include:${folder}/empty\ng: joe, :include:${folder}/empty\n`,
    ),
    [
      'e waits: the alias e: ":error:no" is no address',
      'x waits: the alias x: "joe@@x" is no address',
      'm waits: the file /f-none, which is included, is not there',
      's waits: included files lead to no address: /f/self -> /f/self',
      'n waits: it stands for nobody',
    ],
  );
  const many = Array.from({ length: 1_001 }, (_, at) => `a${at}`).join(', ');
  assert.deepEqual(await found(`m: ${many}\n`), ['m waits: it stands for more than 1000 addresses']);
  const names = Array.from({ length: 30 }, (_, at) => `n${at}: :error:no\n`).join('');
  const shown = await found(names);
  assert.equal(shown.length, 21);
  assert.equal(shown.at(-1), 'local.aliases: 10 more aliases like these');
});

function ground(t: TestContext) {
  const { path: folder } = temporaryFolder(t, 'explain');
  const home = join(folder, 'joe');
  mkdirSync(home);
  const joe: FoundUser = { kind: 'user', name: 'joe', uid: 5000, gid: 5000, home };
  const aliases = join(folder, 'aliases');
  writeFileSync(aliases, 'root: joe\njoe-x: joe, "|prog"\nbad: a b\n', { mode: 0o644 });
  const say = (address: string, changed = {}): Promise<string> =>
    systemUserText({ ...usualWay, aliases: [aliases], ...changed }, address, async (user) =>
      user === 'joe' ? joe : { kind: 'absent' },
    );
  return { home, say };
}

test('explain says which alias, user and file decide', async (t) => {
  const { home, say } = ground(t);
  assert.equal(await say('root@here.test'), 'Alias      root: joe@here.test\n');
  assert.equal(await say('joe-x@here.test'), 'Alias      joe-x: joe@here.test, the program "prog"\n');
  assert.match(await say('bad@here.test'), /^Alias {6}bad; its mail waits: .*"a b" is no address/);
  assert.match(await say('other@here.test'), /^User {7}none: there is no such mailbox here \(5\.1\.1\)/);
  const user = `User       joe (5000), ${home}\n`;
  assert.equal(await say('joe@here.test'), `${user}File       none: it goes into ./Maildir/\n`);
  assert.equal(
    await say('joe-a@here.test'),
    `${user}File       none of .qmail-a, .qmail-default: the mail goes back (5.1.1)\n`,
  );
  writeFileSync(join(home, '.qmail-default'), '');
  assert.equal(await say('joe-a@here.test'), `${user}File       ${home}/.qmail-default\n`);
  writeFileSync(join(home, '.forward'), '');
  const forward = { instructions: 'forward', separators: '+' };
  assert.equal(await say('joe+a@here.test', forward), `${user}File       ${home}/.forward\n`);
});
