// The crashes that are kept, as whoever shows them wants them. Apart from the folder itself, since every process makes that, and only these need the schema.

import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesByName, isMissing, namesIn } from './crash-folder.ts';
import { type CrashRecord, crashRecordSchema } from './crash-record.ts';

/** A record is a few kilobytes. */
const mostRecordBytes = 1_048_576;

/** One crash that is kept. */
export interface KeptCrash {
  /** Of its files, without their endings. */
  readonly name: string;
  readonly record: CrashRecord;
}

/**
 * The crashes that are kept, the newest first. What is no record is left out.
 * @throws {Error} of the system when the folder cannot be read; a missing one has none
 */
export function readCrashes(folder: string): readonly KeptCrash[] {
  return [...filesByName(folder, namesIn(folder)).keys()]
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
