// Trials of plugins whose setup never ends: in a process, with short time limits.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryPlugin } from '../../../src/plugin/trial/try-plugin.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const forever = 'await new Promise(() => setInterval(() => 0, 1000));';

for (const [what, setup, isEnough, kind, reason] of [
  ['computes for ever', 'for (;;) {}', true, 'unusable', /runs without a pause/u],
  ['computes for longer than there is time', 'for (;;) {}', false, 'unknown', /runs without a pause/u],
  ['waits for ever', forever, true, 'unusable', /did not end within/u],
  ['waits for longer than there is time', forever, false, 'unknown', /did not end within/u],
  ['waits for ever, having asked its state', `state.get('key'); ${forever}`, true, 'unknown', /\(state\)$/u],
] as const) {
  test(`a plugin whose setup ${what} is ${kind}`, async (t) => {
    const file = join(temporaryFolder(t, 'try-plugin').path, 'tried.ts');
    writeFileSync(
      file,
      `import { goOn, plugin } from 'sluice/plugin';
export default plugin(async ({ state }) => { ${setup} return { rcpt: () => goOn }; });`,
    );
    // One that waits answers by itself, however long its process takes to start.
    const timeLimitMs = setup.startsWith('for') ? 1000 : 600_000;
    const trial = await tryPlugin(
      { name: 'tried', file, options: {} },
      { timeLimitMs, waitMs: 200, isEnough, identity: undefined, environment: {} },
    );
    assert.equal(trial.kind, kind);
    assert.match(trial.reason, reason);
  });
}
