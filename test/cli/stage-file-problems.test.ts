// What `sluice check` finds in files of taps, and in those of plugins of qmail-spp.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageFileProblems } from '../../src/cli/stage-file-problems.ts';
import { unreadTapFiles } from '../../src/cli/tap-file-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

test('lines that nobody understands, and programs that are missing, are told with their lines', async (t) => {
  const home = temporaryFolder(t, 'stage-files').path;
  for (const folder of ['control', 'plugins']) mkdirSync(join(home, folder));
  const [taps, plugins] = [join(home, 'control/taps'), join(home, 'control/smtpplugins')];
  const stage = (more: string) =>
    `[[tap]]\nname = "archive"\nfile = ${JSON.stringify(taps)}\n[[stage]]\nname = "spp"\nkind = "qmail-spp"\nplugins = ${JSON.stringify(plugins)}\n${more}`;
  const problems = async (more = ''): Promise<readonly string[]> =>
    (await stageFileProblems(parseConfig(stage(more), 'sluice.toml'))).map(({ message }) =>
      message.replaceAll(`${home}/`, ''),
    );
  const missing = await problems();
  assert.equal(missing.length, 1);
  assert.match(missing[0] ?? '', /^control\/smtpplugins cannot be used, .*: ENOENT/);

  writeFileSync(taps, 'F:joe:archive@a.test\nA::all@a.test\n');
  writeFileSync(join(home, 'plugins/good'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(home, 'plugins/locked'), '#!/bin/sh\n', { mode: 0o644 });
  writeFileSync(plugins, '[connection]\nplugins/good\n[rcpt]\nplugins/good\n:/gone "$TCPREMOTEIP"\n');
  assert.deepEqual(await problems(), []);
  const [ofTenant] = await problems('tenant = ["shop"]\n[[tenant]]\nname = "shop"\nsender = ["shop.test"]\n');
  assert.match(ofTenant ?? '', /it has plugins in \[connection\]/);

  writeFileSync(taps, 'F:joe:archive@a.test\nF:(joe:archive@a.test\n');
  writeFileSync(plugins, '[rcpt]\nplugins/good\n\nplugins/locked\n[data]\nplugins/gone\nplugins/gone\n');
  const found = await problems();
  assert.match(found[0] ?? '', /^control\/taps cannot be used, .*: line 2: "\(joe" is no regular expression/);
  assert.deepEqual(found.slice(1), [
    'control/smtpplugins, line 4: plugins/locked cannot be run by this user, or does not exist',
    'control/smtpplugins, line 6: plugins/gone cannot be run by this user, or does not exist',
  ]);
});

test('a filter of OpenSMTPD whose program is missing, or can be changed by anybody', async (t) => {
  const { path: folder } = temporaryFolder(t, 'filters');
  const problems = async (program: string, more = ''): Promise<readonly string[]> => {
    const stage = `[[stage]]\nname = "f"\nkind = "opensmtpd-filter"\ncommand = [${JSON.stringify(program)}, "-v"]\n${more}`;
    const found = await stageFileProblems(parseConfig(stage, 'sluice.toml'));
    return found.map(({ path, message }) => `${path.join('.')}: ${message.replaceAll(`${folder}/`, '')}`);
  };
  const program = join(folder, 'filter-one');
  const then = 'so that mail is answered as on_failure says';
  assert.deepEqual(await problems(program), [`stage.0.command.0: filter-one does not exist, ${then}`]);
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o644 });
  assert.deepEqual(await problems(program), [
    `stage.0.command.0: filter-one may not be run by anybody (chmod it), ${then}`,
  ]);
  chmodSync(program, 0o755);
  assert.deepEqual(await problems(program), []);
  chmodSync(program, 0o777);
  assert.deepEqual(await problems(program), [
    'stage.0.command.0: filter-one can be changed by others than its owner (chmod go-w)',
  ]);
  const inFolder = `environment = { PATH = ${JSON.stringify(`/nonexistent:${folder}`)} }\n`;
  assert.deepEqual(await problems('filter-one', inFolder), []);
  assert.deepEqual(await problems('filter-two', inFolder), [
    `stage.0.command.0: no folder of PATH has the program filter-two, ${then}; name it with its path`,
  ]);
});

test('a file of taps that cannot be read is a problem, unless it is in force', async (t) => {
  const { path: folder } = temporaryFolder(t, 'stage-files');
  const config = (file: string) =>
    parseConfig(`[[tap]]\nname = "archive"\nfile = ${JSON.stringify(join(folder, file))}\n`, 'sluice.toml');
  for (const [file, code] of [
    ['gone', 'ENOENT'],
    ['.', 'EISDIR'],
  ] as const) {
    const [problem, ...others] = unreadTapFiles(config(file));
    assert.deepEqual(others, []);
    assert.deepEqual(problem?.path, ['tap', 0, 'file']);
    assert.equal(problem.isDenied, false);
    assert.ok(problem.message.includes(`cannot be read (${code}), so that all mail would be answered 451`));
    assert.deepEqual(unreadTapFiles(config(file), config(file)), []);
  }
  writeFileSync(join(folder, 'there'), '');
  assert.deepEqual(unreadTapFiles(config('there')), []);
});

test('sluice check ends with the exit code of a bad configuration for a file of taps that is not there', async (t) => {
  const { path: folder } = temporaryFolder(t, 'stage-files');
  writeFileSync(join(folder, 'sluice.toml'), '[[tap]]\nname = "archive"\nfile = "gone"\n');
  const { code, stderr } = await sluice(['check', 'sluice.toml'], { cwd: folder });
  assert.equal(code, 78);
  assert.match(stderr, /sluice\.toml:3:8: tap\[1\]\.file: .*gone cannot be read \(ENOENT\)/u);
  assert.match(
    stderr,
    /all mail is answered 451 after a start, and a running Sluice refuses to begin with such a file\.$/mu,
  );
});
