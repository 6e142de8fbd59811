// What `sluice check` finds in files of taps, and in those of plugins of qmail-spp.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageFileProblems } from '../../src/cli/stage-file-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';

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
  assert.match(missing[0] ?? '', /^control\/taps cannot be used, so that mail is answered 451: ENOENT/);
  assert.match(missing[1] ?? '', /^control\/smtpplugins cannot be used, .*: ENOENT/);

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
