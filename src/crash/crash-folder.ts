// The folder of crashes: one record for each crash (`NAME.json`), beside it the report (`NAME.report.json`) and the core (`NAME.core`), and
// for each role a folder (`new-ROLE`) into which its processes and the system write, and from which the supervisor takes.
// Promises: what is here is closed to everybody else, and bounded by number, age and size.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../io/make-folder.ts';
import type { CrashedProcess, CrashRecord } from './crash-record.ts';
import { writeClosed } from './write-closed.ts';

const namePattern = /^(?<name>\d{8}T\d{9}Z-[a-z\d]+-\d+)\.(?<what>json|report\.json|core)$/u;

/** The folder into which processes of a role write. */
export function newFolderOf(folder: string, process: CrashedProcess): string {
  return join(folder, `new-${process}`);
}

/** @throws {Error} of the system */
export function makeCrashFolder(folder: string, processes: readonly CrashedProcess[]): void {
  makeFolder(folder, 0o700);
  for (const each of processes) makeFolder(newFolderOf(folder, each), 0o700);
}

/** Sorts by time. */
export function crashName({
  endedAt,
  process: role,
  pid,
}: Pick<CrashRecord, 'endedAt' | 'process' | 'pid'>): string {
  return `${endedAt.replaceAll(/[-:.]/gu, '')}-${role}-${pid}`;
}

/** Stores a record, or replaces it. @throws {Error} of the system */
export function writeRecord(folder: string, name: string, record: CrashRecord): void {
  writeClosed(join(folder, `${name}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The paths of each crash, the record first. */
export function filesByName(folder: string, names: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of names.toSorted()) {
    const { name } = namePattern.exec(file)?.groups ?? {};
    if (name === undefined) continue;
    const files = found.get(name) ?? [];
    found.set(name, files);
    if (file === `${name}.json`) files.unshift(join(folder, file));
    else files.push(join(folder, file));
  }
  return found;
}

/** The files of a folder; a missing one has none. @throws {Error} of the system */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
