// Crashes that are kept in a folder, for tests.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { crashName, writeRecord } from '../../src/crash/crash-folder.ts';
import type { CrashedProcess, CrashRecord } from '../../src/crash/crash-record.ts';

export const day = 86_400_000;
export const nowMs = Date.parse('2026-03-20T12:00:00.000Z');

export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'crashes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @returns the name of the crash */
export function crashAgo(
  folder: string,
  agoMs: number,
  coreBytes?: number,
  of: CrashedProcess = 'sender',
): string {
  const record: CrashRecord = {
    version: 1,
    process: of,
    index: 0,
    pid: 17,
    endedAt: new Date(nowMs - agoMs).toISOString(),
    kind: 'signal',
    signal: 'SIGSEGV',
    words: 'It ended.',
    inHand: [],
    steps: [],
    setAside: [],
  };
  const name = crashName(record);
  writeRecord(folder, name, record);
  if (coreBytes !== undefined) writeFileSync(join(folder, `${name}.core`), Buffer.alloc(coreBytes));
  return name;
}
