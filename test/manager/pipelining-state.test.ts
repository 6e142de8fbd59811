// What hosts did not bear of pipelining, over a restart of the manager.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { distrustMs } from '../../src/manager/pipelining-memory.ts';
import { PipeliningState } from '../../src/manager/pipelining-state.ts';
import { readState, StateFile } from '../../src/manager/state-file.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const host = '192.0.2.1:25';
const hung = { kind: 'across', text: 'timed out' } as const;

function ground(t: TestContext) {
  const { path: folder, atEnd } = temporaryFolder(t, 'pipelining-state');
  const log = keptLog();
  const openAt = async (nowMs: number) => {
    const machine = { files: nodeFiles, timers: nodeTimers };
    const state = await PipeliningState.open({ folder, machine, log, nowMs: () => nowMs });
    atEnd(() => state.close());
    return state;
  };
  return { path: join(folder, 'pipelining.json'), log, openAt };
}

/** A connection to the host breaks. */
function breaks({ memory }: PipeliningState, text: string = hung.text): void {
  memory.opened(1, host);
  memory.closed(1, { ...hung, text });
}

test('a host that broke is served with less after a restart, until the day is over', async (t) => {
  const { path, openAt } = ground(t);
  const before = await openAt(1_000);
  assert.equal(await readState(path), undefined, 'nothing is written of hosts that bear it');
  breaks(before);
  await before.close();
  const after = await openAt(2_000);
  assert.deepEqual(after.memory.faults(host), [{ ...hung, untilMs: 1_000 + distrustMs }]);
  assert.deepEqual(after.memory.opened(1, host), ['across']);
  assert.deepEqual((await openAt(1_000 + distrustMs)).memory.faults(host), []);
});

test('a fault of before the restart stays in the file when another host breaks, and ends there, too', async (t) => {
  const { openAt } = ground(t);
  const first = await openAt(0);
  breaks(first);
  await first.close();
  const second = await openAt(1);
  second.memory.opened(1, 'other');
  second.memory.closed(1, hung);
  await second.close();
  const third = await openAt(distrustMs);
  assert.deepEqual(
    third.memory.snapshot().map(({ endpoint }) => endpoint),
    ['other'],
  );
});

test('an end that a wrong clock has put into the future is a day away', async (t) => {
  const { openAt } = ground(t);
  const before = await openAt(100 * distrustMs);
  breaks(before);
  await before.close();
  assert.deepEqual((await openAt(0)).memory.faults(host), [{ ...hung, untilMs: distrustMs }]);
});

test('what a host said is cut, so that the file stays small and is read again', async (t) => {
  const { openAt, log } = ground(t);
  const before = await openAt(0);
  breaks(before, `it replied "${'x'.repeat(5_000)}"`);
  await before.close();
  assert.equal((await openAt(0)).memory.faults(host)[0]?.text.length, 300);
  assert.deepEqual(log.lines, []);
});

test('a damaged file stops no start: all hosts are tried anew, and the log says so', async (t) => {
  const { path, log, openAt } = ground(t);
  const before = await openAt(0);
  breaks(before);
  await before.close();
  writeFileSync(path, readFileSync(path, 'utf8').replace('across', 'chunk'));
  assert.deepEqual((await openAt(0)).memory.faults(host), []);
  assert.match(log.lines.join('\n'), /trusted with pipelining again: .* checksum/u);
  await new StateFile(path).write({ version: 2, hosts: [{ endpoint: host, faults: [] }] }, true);
  assert.deepEqual((await openAt(0)).memory.faults(host), []);
  assert.match(log.lines.join('\n'), /it is not what Sluice writes/u);
});
