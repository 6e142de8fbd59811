// A pipe to a program of a test: a script for /bin/sh, whose results are waited for.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { planOfWay } from '../../../src/route/local-ways.ts';
import type { NextHopAddress } from '../../../src/route/types.ts';
import type { MailboxWay } from '../../../src/values/mailbox-way.ts';
import type { LocalWay, PipeWay } from '../../../src/values/local-way.ts';
import { type Fixture, fixture, type ShownResult } from '../fixture.ts';
import type { MessageOptions } from '../memory-reader.ts';

export const pipeDefaults: PipeWay = {
  kind: 'pipe',
  command: ['/bin/sh', '-c', 'true'],
  timeMs: 60_000,
  outputBytes: 4096,
  exitCodes: 'sysexits',
  traceFields: true,
  mboxFrom: false,
};

export const mailboxDefaults: MailboxWay = {
  kind: 'mailbox',
  path: '/nowhere/${user}',
  separators: '+',
  folders: 'none',
  quota: { whenFull: 'wait', graceMs: 0, warnPercent: 0 },
};

/** The hop of a route with the name `test`. */
export function hopOf(way: LocalWay): NextHopAddress {
  const { plan } = planOfWay({ name: 'test', target: way }, way);
  const [hop] = plan.kind === 'relay' ? plan.addresses : [];
  assert.ok(hop);
  return hop;
}

export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ways-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Delivers a message by a way on a connection of its own. */
export async function deliver(
  { sender, spool, reports }: Fixture,
  way: LocalWay,
  message: MessageOptions,
): Promise<readonly ShownResult[]> {
  const work = spool.add(message);
  sender.connect({ connection: 1, site: 'site', hop: hopOf(way), source: '', work });
  assert.equal((await reports.next()).kind, 'ready');
  const done = await reports.next();
  assert.ok(done.kind === 'done' && done.reusable);
  sender.close(1);
  assert.equal((await reports.next()).kind, 'closed');
  return done.results;
}

/** Runs a shell script with these arguments for one recipient; gives its result. */
export async function runScript(
  t: TestContext,
  script: string,
  options: Partial<PipeWay> & { readonly args?: readonly string[] } = {},
  message: Partial<MessageOptions> = {},
): Promise<ShownResult> {
  const { args = [], ...way } = options;
  const command = ['/bin/sh', '-c', script, 'sh', ...args];
  const made = await fixture(t);
  const [result] = await deliver(
    made,
    { ...pipeDefaults, command, ...way },
    { to: ['joe@to.test'], ...message },
  );
  assert.ok(result);
  return result;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is gone, too: init has not looked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Ends when the process has; the test's own time limit bounds it. */
export async function gone(pid: number): Promise<void> {
  assert.ok(pid > 0);
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}
