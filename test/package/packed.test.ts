// `npm pack` makes a package that installs and runs elsewhere: it carries built JavaScript and declarations, and
// a Sluice that is started from it simulates and delivers mail.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMx } from '../../sim/mx/mx.ts';
import { submit } from '../../sim/mx/submitter.ts';
import { Ground, freePort, listening } from '../../sim/neighbours/ground.ts';

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

test('the packed package is installed into an empty directory, starts, delivers and stops', async (t) => {
  const ground = Ground.of(t);
  // A registry has to be reachable for the dependencies.
  const registry = await ground.run('npm', ['ping'], { codes: [0, 1] });
  if (!/PONG/u.test(registry)) {
    t.skip('no package registry can be reached from here');
    return;
  }
  const home = ground.folder('elsewhere');
  await ground.run('npm', ['pack', '--silent', '--pack-destination', ground.directory], { cwd: root });
  const file = readdirSync(ground.directory).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  await ground.run('npm', ['install', '--no-audit', '--no-fund', join(ground.directory, file)], {
    cwd: home,
  });

  const installed = readdirSync(join(home, 'node_modules/sluice'), { recursive: true }).map(String);
  assert.ok(installed.includes('dist/cli/main.js'));
  assert.ok(installed.includes('dist/plugin/index.d.ts'));
  assert.deepEqual(
    installed.filter((name) => /^(src|test|sim|bench)\//u.test(name)),
    [],
  );
  // Without this checkout's runtime on the PATH, as it would be elsewhere.
  const path = (process.env.PATH ?? '').split(':').filter((part) => !part.includes('node_modules'));
  const options = { cwd: home, env: { ...process.env, PATH: path.join(':') } };
  assert.match(
    await ground.run('npx', ['sluice', 'version'], options),
    new RegExp(RegExp.escape(manifest.version), 'u'),
  );
  assert.match(
    await ground.run('npx', ['sluice', 'simulate', '--generate', 'messages=200,domains=20'], options),
    /^Outcome +200 delivered; finished after /mu,
  );

  const mx = await startMx({ address: '127.0.0.1', port: 0 });
  ground.atEnd(() => mx.close());
  const port = await freePort();
  writeFileSync(
    join(home, 'sluice.toml'),
    `[[listen]]\naddress = "127.0.0.1:${port}"\n[[route]]\nrelay = ["127.0.0.1:${mx.port}"]\n`,
  );
  const sluice = ground.start('sluice', join(home, 'node_modules/.bin/sluice'), ['serve'], options);
  await listening(sluice, port);
  const message = { id: 'packed@client.test', from: 'a@client.test', to: ['b@far.test'] };
  const sent = await submit([message], { address: '127.0.0.1', port, connections: 1 });
  assert.equal(sent.accepted.size, 1);
  await mx.tally.arrived(1);
  assert.equal(await sluice.stop('SIGTERM'), 0);
});
