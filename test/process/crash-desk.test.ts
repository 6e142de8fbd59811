// What is kept of crashes is bounded without a further crash, too.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { parseConfig } from '../../src/config/config.ts';
import { newFolderOf } from '../../src/crash/crash-folder.ts';
import { readCrashes } from '../../src/crash/read-crashes.ts';
import { newChild } from '../../src/process/supervise/child.ts';
import { CrashDesk } from '../../src/process/supervise/crash-desk.ts';
import { keepOwnCrashes } from '../../src/process/watch/own-crashes.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { crashAgo, day, folderOf, nowMs } from '../crash/kept-crashes.ts';

const deadline = { timeout: 20_000 };
const quiet = { warn: () => undefined, error: () => undefined };
const config = (folder: string, more = '') =>
  parseConfig(`[crash]\nfolder = "${folder}"\n${more}`, '/sluice.toml');

async function removed(path: string): Promise<void> {
  while (existsSync(path)) await turn();
}

test('a start removes what is too old', deadline, async (t) => {
  const folder = folderOf(t);
  crashAgo(folder, 1);
  const old = crashAgo(folder, day, 4096);
  const desk = new CrashDesk(config(folder), {
    users: undefined,
    log: quiet,
    troubles: new Troubles(),
    children: [],
  });
  t.mock.timers.enable({ apis: ['Date'], now: nowMs + 30 * day });
  desk.prepare();
  await removed(join(folder, `${old}.json`));
  await removed(join(folder, `${old}.core`));
});

test('each of several crashes before a start says when a process ran again', async (t) => {
  const folder = folderOf(t);
  const child = newChild('pop3', 0);
  const desk = new CrashDesk(config(folder), {
    users: undefined,
    log: quiet,
    troubles: new Troubles(),
    children: [child],
  });
  desk.prepare();
  for (const pid of [1, 2, 3]) desk.ended(child, { pid, serial: pid, code: null, signal: 'SIGSEGV' }, false);
  await turn();
  desk.runsAgain(child);
  const restarts = readCrashes(folder).map(({ record }) => [record.pid, typeof record.restartedAfterMs]);
  assert.deepEqual(
    restarts.toSorted(([one], [other]) => Number(one) - Number(other)),
    [
      [1, 'number'],
      [2, 'number'],
      [3, 'number'],
    ],
  );
});

test('while nothing crashes, what has become too old is removed within a minute', deadline, async (t) => {
  const folder = folderOf(t);
  const desk = new CrashDesk(config(folder), {
    users: undefined,
    log: quiet,
    troubles: new Troubles(),
    children: [],
  });
  desk.prepare();
  await turn();
  const core = join(newFolderOf(folder, 'receiver'), 'core.17');
  writeFileSync(core, 'of a plugin');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 31 * day });
  while (existsSync(core)) {
    for (let second = 0; second < 60; second++) desk.beat();
    await turn();
  }
});

test('a supervisor that crashes at each start keeps no more reports than wanted', deadline, async (t) => {
  const { directory, filename, reportOnFatalError, reportOnUncaughtException } = process.report;
  t.after(() =>
    Object.assign(process.report, { directory, filename, reportOnFatalError, reportOnUncaughtException }),
  );
  const folder = folderOf(t);
  const left = newFolderOf(folder, 'supervisor');
  for (let pid = 1; pid <= 5; pid++) {
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, `report-${pid}.json`), '{"header":{"trigger":"Exception"}}');
    keepOwnCrashes(config(folder, 'keep = 2'), quiet);
  }
  const reports = (): number => readdirSync(folder).filter((name) => name.endsWith('.report.json')).length;
  while (reports() > 2) await turn();
  assert.equal(reports(), 2);
});
