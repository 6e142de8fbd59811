// What a monitoring program gets: one line, its numbers, and an exit code for the worst trouble.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findPlaces } from '../../src/cli/config-file.ts';
import { healthCheck } from '../../src/cli/health-check.ts';
import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { ReportedTrouble } from '../../src/stats/trouble-board.ts';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

const status: ManagerStatus = {
  version: '1.2.3',
  startedAtMs: 0,
  nowMs: 60_000,
  messages: 3,
  recipients: 4,
  connections: 2,
  senders: 1,
  reports: 0,
  counters: { received: 9, delivered: 5 },
  spool: { segments: 1, bytes: 64, liveMessages: 3, damagedMessages: 0 },
  sites: [],
  siteCount: 0,
  overrides: [],
};
const numbers =
  'messages=3 recipients=4 connections=2 spool=64B received=9c delivered=5c deferred=0c bounced=0c';
const log: ReportedTrouble = {
  key: 'log',
  level: 'warning',
  text: 'The log | cannot\nbe written.',
  advice: 'Make room.',
  sinceMs: 0,
  processes: ['manager'],
};
const disk: ReportedTrouble = { ...log, key: 'disk', level: 'critical', text: 'The disk is full.' };

async function check(
  t: TestContext,
  answers: Answers,
  more = '',
): Promise<readonly [code: number | null, line: string]> {
  const { socket, folder } = await controlServer(t, { status: () => status, ...answers });
  const config = join(folder, 'sluice.toml');
  writeFileSync(config, `control_socket = ${JSON.stringify(socket)}\n${more}`);
  const { code, stdout } = await sluice(['status', '--check', '--config', config]);
  return [code, stdout];
}

test('without troubles the exit code is 0', async (t) => {
  const line = `SLUICE OK - 3 messages wait, 2 connections are open | ${numbers}\n`;
  assert.deepEqual(await check(t, {}), [0, line]);
});

test('a warning has exit code 1 and one line, and a bar in its text does not begin the numbers', async (t) => {
  const line = `SLUICE WARNING - log: The log / cannot be written. | ${numbers}\n`;
  assert.deepEqual(await check(t, { troubles: () => [log] }), [1, line]);
});

test('a mistake in the configuration file is a warning, with the numbers of the running Sluice', async (t) => {
  const [code, line] = await check(t, {}, '[queue]\nlifetme = "1d"\n');
  assert.equal(code, 1);
  assert.match(
    line,
    /^SLUICE WARNING - config: .*:3:1: queue\.lifetme: there is no such key; .* \| messages=3 /u,
  );
  assert.match(
    (await check(t, { troubles: () => [disk] }, 'x y\n'))[1],
    /^SLUICE CRITICAL - disk: .* config: /u,
  );
});

test('the worst trouble decides: critical has exit code 2', async (t) => {
  const line = `SLUICE CRITICAL - disk: The disk is full. log: The log / cannot be written. | ${numbers}\n`;
  assert.deepEqual(await check(t, { troubles: () => [disk, log] }), [2, line]);
});

test('a manager that does not answer is critical, and there are no numbers', async (t) => {
  const ping = () => {
    throw new Error('gone');
  };
  const [code, line] = await check(t, { ping });
  assert.equal(code, 2);
  assert.match(line, /^SLUICE CRITICAL - role:manager: The manager does not answer: [^|\n]+\n$/u);
});

test('a Sluice that does not run is critical', async () => {
  const { code, stdout } = await sluice(['status', '--check', '--config', '/dev/null']);
  assert.equal(code, 2);
  assert.match(stdout, /^SLUICE CRITICAL - No Sluice is running with the control socket [^|\n]+\n$/u);
});

test('a control process that answers no request is critical after a limited wait', async (t) => {
  const folder = temporaryFolder(t, 'silent');
  const socket = join(folder.path, 'control.sock');
  const server = createServer(() => undefined).listen(socket);
  folder.atEnd(() => server.close());
  await once(server, 'listening');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const config = join(folder.path, 'sluice.toml');
  writeFileSync(config, `spool = "."\ncontrol_socket = ${JSON.stringify(socket)}\n`);
  const checked = healthCheck(() => findPlaces(config));
  t.mock.timers.tick(10_000);
  const { code, line } = await checked;
  assert.equal(code, 2);
  assert.match(line, /^SLUICE CRITICAL - Asking the running Sluice at .*: no answer within 10 s\.$/u);
});

test('without a readable configuration the state is unknown: exit code 3', async () => {
  const { code, stdout } = await sluice(['status', '--check', '--config', '/no/such/file']);
  assert.equal(code, 3);
  assert.match(stdout, /^SLUICE UNKNOWN - [^|\n]+\n$/u);
});
