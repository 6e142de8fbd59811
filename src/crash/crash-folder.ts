// The folder of crashes: one record for each crash (`NAME.json`), beside it the report (`NAME.report.json`) and the core (`NAME.core`), and
// for each role a folder (`new-ROLE`) into which its processes and the system write, and from which the supervisor takes.
// Promises: what is here is closed to everybody else, and bounded by number, age and size.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../io/make-folder.ts';
import { removeLeftover } from '../io/remove-file.ts';
import { type CrashedProcess, type CrashRecord, crashRecordSchema } from './crash-record.ts';
import { writeClosed } from './write-closed.ts';

const namePattern = /^(?<name>\d{8}T\d{9}Z-[a-z]+-\d+)\.(?<what>json|report\.json|core)$/u;

/** A record is a few kilobytes. */
const mostRecordBytes = 1_048_576;

export interface Keeping {
  readonly keep: number;
  readonly maxAge: number;
  readonly maxSize: number;
}

/** One crash that is kept. */
export interface KeptCrash {
  /** Of its files, without their endings. */
  readonly name: string;
  readonly record: CrashRecord;
}

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

/**
 * The crashes that are kept, the newest first. What is no record is left out.
 * @throws {Error} of the system when the folder cannot be read; a missing one has none
 */
export function readCrashes(folder: string): readonly KeptCrash[] {
  return [...filesByName(folder).keys()]
    .sort()
    .reverse()
    .flatMap((name) => {
      const record = readRecord(join(folder, `${name}.json`));
      return record === undefined ? [] : [{ name, record }];
    });
}

function readRecord(path: string): CrashRecord | undefined {
  try {
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.size > mostRecordBytes) return undefined;
    return crashRecordSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    throw error;
  }
}

/** Removes what is too old, too many or too large, the oldest first. */
export function pruneCrashes(folder: string, { keep, maxAge, maxSize }: Keeping, nowMs: number): void {
  let count = 0;
  let total = 0;
  for (const [name, files] of [...filesByName(folder)].sort(([a], [b]) => (a < b ? 1 : -1))) {
    count++;
    const stats = files.map((file) => ({ file, stats: lstatSync(file, { throwIfNoEntry: false }) }));
    const isOld = nowMs - dateOf(name) > maxAge;
    for (const { file, stats: found } of stats) {
      // A core has holes: what counts is the room that it takes.
      const bytes = found === undefined ? 0 : Math.min(found.size, found.blocks * 512);
      const isKeptAnyway = count === 1 && file.endsWith('.json') && bytes <= maxSize;
      if (!isKeptAnyway && (count > keep || isOld || total + bytes > maxSize)) removeLeftover(file);
      else total += bytes;
    }
  }
}

/** Unix ms; NaN for no date. */
function dateOf(name: string): number {
  const form = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/u;
  return Date.parse(name.slice(0, 19).replace(form, '$1-$2-$3T$4:$5:$6.$7Z'));
}

/** The paths of each crash, the record first. */
function filesByName(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of namesIn(folder).sort()) {
    const { name } = namePattern.exec(file)?.groups ?? {};
    if (name === undefined) continue;
    const files = found.get(name) ?? [];
    found.set(name, files);
    if (file === `${name}.json`) files.unshift(join(folder, file));
    else files.push(join(folder, file));
  }
  return found;
}

function namesIn(folder: string): string[] {
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
