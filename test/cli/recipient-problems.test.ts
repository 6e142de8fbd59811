// What `sluice check` finds in files control/recipients.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { recipientProblems } from '../../src/cli/recipient-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('lines, databases and programs that cannot be used are named', async (t) => {
  const home = temporaryFolder(t, 'recipient-problems').path;
  for (const folder of ['control', 'users', 'bin']) mkdirSync(join(home, folder));
  const control = join(home, 'control/recipients');
  const { recipients } = parseConfig(`[[recipients]]\ncontrol = ${JSON.stringify(control)}\n`, 'sluice.toml');
  const problems = async (): Promise<string[]> =>
    (await recipientProblems({ recipients })).map(({ message }) => message);
  assert.match((await problems()).join('\n'), /control\/recipients cannot be used.*ENOENT/u);

  writeFileSync(join(home, 'bin/check'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(home, 'users/list'), ':joe@a.test\n');
  await buildCdb(join(home, 'users/good.cdb'), join(home, 'users/list'), textForms.list);
  writeFileSync(join(home, 'users/bad.cdb'), 'no database');
  writeFileSync(control, '!a.test\nb.test:users/good.cdb\nc.test|bin/check x\n*|true\n');
  assert.deepEqual(await problems(), []);
  writeFileSync(control, '# x\nb.test:users/bad.cdb\nc.test|bin/gone\nusers/gone.cdb\n');
  const found = await problems();
  assert.equal(found.length, 3);
  assert.match(found[0] ?? '', /line 2: .*bad\.cdb.* a cdb has 2048 at least/u);
  assert.match(found[1] ?? '', /line 3: .*bin\/gone does not exist/u);
  assert.match(found[2] ?? '', /line 4: .*gone\.cdb: it does not exist/u);
  writeFileSync(control, 'b.test:\n');
  assert.match((await problems()).join('\n'), /cannot be used.*line 1: the path of a cdb is missing/u);
});

test('a program that is not there, is a folder, or that nobody may run is named', async (t) => {
  const home = temporaryFolder(t, 'recipient-programs').path;
  const [good, folder, plain, gone] = ['good', 'folder', 'plain', 'gone'].map((name) => join(home, name));
  writeFileSync(good!, '#!/bin/sh\n', { mode: 0o755 });
  mkdirSync(folder!);
  writeFileSync(plain!, '', { mode: 0o644 });
  const text = [good, folder, plain, gone]
    .map((program, at) => `[[recipients]]\ndomain = ["d${at}.test"]\nprogram = ["${program}"]\n`)
    .join('');
  const { recipients } = parseConfig(text, 'sluice.toml');
  const then = 'so that recipients are answered with temporary errors';
  assert.deepEqual(await recipientProblems({ recipients }), [
    { path: ['recipients', 1, 'program'], message: `${folder} is no program, ${then}` },
    { path: ['recipients', 2, 'program'], message: `${plain} may not be run by anybody (chmod it), ${then}` },
    { path: ['recipients', 3, 'program'], message: `${gone} does not exist, ${then}` },
  ]);
});
