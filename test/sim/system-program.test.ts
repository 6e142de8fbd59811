// The program behind `npm run simulate:system`: what it refuses, and how it ends when nobody reads its output.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const program = join(import.meta.dirname, '../../sim/system/main.ts');

for (const [option, value] of [
  ['--seeds', 'abc'],
  ['--seeds', '0'],
  ['--seeds', '1.5'],
  ['--seeds', ''],
  ['--from', 'x'],
  ['--from', '-5'],
] as const) {
  test(`simulate:system refuses ${option}=${value}`, () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, '--seeds=1', `${option}=${value}`],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(stderr, `${option} takes a whole number from 1 to 1000000000, not "${value}"\n`);
    assert.equal(stdout, '');
    assert.equal(status, 64);
  });
}

test('simulate:system ends quietly when the reader of its output has gone', async () => {
  const child = spawn(process.execPath, [program, '--seeds', '1000000', '--trace'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [[status], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
  assert.equal(stderr, '');
  assert.equal(status, 0);
});
