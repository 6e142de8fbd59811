// A configuration with a spool in a folder of the test's own, and what `sluice doctor` says of it.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CheckKind } from '../../../src/cli/doctor/check.ts';
import { examineFile } from '../../../src/cli/doctor/examine-file.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { doctorCode } from '../../../src/cli/doctor/report.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { sluice } from '../run.ts';

export interface Answer {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

/** What the program would say, without starting it: that takes most of the time of a test. */
export async function examined(
  config: string,
  only: readonly CheckKind[],
  isOffline = false,
): Promise<Answer> {
  const { findings } = await examineFile(config, { only, isOffline, timeoutMs: 60_000 });
  return { code: doctorCode(findings), findings };
}

/** The program. */
export async function doctor(config: string, args: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await sluice(['doctor', '--json', '-c', config, ...args]);
  assert.equal(stderr, '');
  return { code, findings: (JSON.parse(stdout) as { findings: Finding[] }).findings };
}

/** A configuration whose spool is made. @param more - tables, and keys of [queue] before them */
export function ground(
  t: TestContext,
  more = '',
): { readonly config: string; readonly folder: string; readonly spool: string } {
  const { path: folder } = temporaryFolder(t, 'doctor');
  const config = join(folder, 'sluice.toml');
  const spool = join(folder, 'spool');
  mkdirSync(spool, { mode: 0o700 });
  writeFileSync(
    config,
    `hostname = "mail.example.com"\nspool = "spool"\ncontrol_socket = "control.sock"\n[queue]\nreserve = "0B"\n${more}`,
  );
  return { config, folder, spool };
}

export const codes = ({ findings }: Answer): string[] => findings.map(({ code }) => code);
