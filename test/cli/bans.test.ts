// `sluice bans`: what is printed, what is asked of the running Sluice, and the exit codes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Ban } from '../../src/directory/types.ts';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { sluice } from './run.ts';

const client: Ban = { kind: 'client', target: '192.0.2.7', remainingMs: 600_000 };
const user: Ban = { kind: 'user', target: 'joe@example.com', remainingMs: 30_000 };

async function ground(t: TestContext, answers: Answers) {
  const { socket, folder, asked } = await controlServer(t, answers);
  const config = join(folder, 'bans.toml');
  writeFileSync(config, `spool = "${folder}"\ncontrol_socket = "${socket}"\n`);
  return { asked, run: (...args: string[]) => sluice(['bans', ...args, '--config', config]) };
}

test('bans are shown with the time that is left', async (t) => {
  const { run } = await ground(t, { bans: () => [client, user] });
  assert.equal(
    (await run()).stdout,
    'BANNED  FOR  TARGET\nclient  10m  192.0.2.7\nuser    30s  joe@example.com\n',
  );
  assert.deepEqual(JSON.parse((await run('--json')).stdout), [client, user]);
  const nobody = await ground(t, { bans: () => [] });
  assert.equal((await nobody.run()).stdout, 'Nobody is banned.\n');
});

test('bans are lifted by name, or all; one that is not there is an error', async (t) => {
  const { run, asked } = await ground(t, {
    lift: (target) => [client, user].filter((ban) => target === undefined || ban.target === target),
  });
  const one = await run('lift', '192.0.2.7', '192.0.2.8');
  assert.equal(
    one.stdout,
    'The client 192.0.2.7 may log in again.\n192.0.2.8 is not banned itself; "sluice bans" shows who is.\n',
  );
  assert.equal(one.code, 1);
  const all = await run('lift', '--all');
  assert.match(all.stdout, /192\.0\.2\.7 may log in again\.\nThe user joe@example\.com may log in again/);
  assert.equal(all.code, 0);
  assert.deepEqual(JSON.parse((await run('lift', '192.0.2.7', '--json')).stdout), {
    lifted: [client],
    notBanned: [],
  });
  assert.deepEqual(
    asked.map(([, target]) => target),
    ['192.0.2.7', '192.0.2.8', undefined, '192.0.2.7'],
  );
});

test('lift needs to know whom', async (t) => {
  const { run } = await ground(t, {});
  for (const args of [['lift'], ['lift', '--all', '192.0.2.7']]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 64);
    assert.match(stderr, /name addresses, networks or users/);
  }
});

test('without a directory there are no bans to tell of', async (t) => {
  const { run } = await ground(t, { bans: () => ({ kind: 'failing', reason: 'there is no [[directory]]' }) });
  const { code, stderr } = await run();
  assert.equal(code, 75);
  assert.match(stderr, /DIRECTORY_FAILING.*there is no \[\[directory\]\]/);
});
