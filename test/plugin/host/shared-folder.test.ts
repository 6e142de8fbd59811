// What a plugin keeps, where its processes are those of several users: whoever is in the group of the folder may write it.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../temporary-folder.ts';
import { pluginFixture } from './fixture.ts';

const counting =
  "import { found, plugin } from 'sluice/plugin';\n" +
  "export default plugin(({ state }) => ({ rcpt: () => found({ count: String(state.add('n', 1)) }) }));\n";

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

for (const [what, above, ofFolder, ofState] of [
  ['shared with the group where the folder above is', 0o2770, '2770', '660'],
  ['of one user where the folder above is', 0o755, '750', '644'],
] as const) {
  test(`the folder of a plugin and its state are ${what}`, async (t) => {
    const { path } = temporaryFolder(t, 'plugins');
    const plugins = join(path, 'plugins');
    mkdirSync(plugins);
    chmodSync(plugins, above);
    const folder = join(plugins, 'counting');
    const before = process.umask(0o027);
    const { host } = pluginFixture(t, counting, { folder });
    process.umask(0o022);
    assert.deepEqual(await host.ask('rcpt', {}), {
      kind: 'continue',
      edits: [],
      result: { count: '1' },
    });
    process.umask(before);
    assert.equal(modeOf(folder), ofFolder);
    assert.equal(modeOf(join(folder, 'state.sqlite')), ofState);
    const beside = readdirSync(folder).toSorted();
    assert.deepEqual(beside, ['state.sqlite', 'state.sqlite-shm', 'state.sqlite-wal']);
    for (const name of beside) assert.equal(modeOf(join(folder, name)), ofState, name);
  });
}
