// The reports of a process that nobody watched when it crashed: the supervisor itself, or a Sluice in one process. The next start finds
// them, and makes records of them.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crashName, newFolderOf, writeRecord } from './crash-folder.ts';
import type { KeptCrash } from './read-crashes.ts';
import type { CrashedProcess } from './crash-record.ts';
import { makeRecord } from './make-record.ts';
import { takeReport } from './take-report.ts';

const reportName = /^report-(?<pid>\d{1,7})\.json$/u;

/** Takes what is there. @throws {Error} of the system */
export function takeLeftBehind(
  folder: string,
  name: CrashedProcess,
  keepAddresses: boolean,
): readonly KeptCrash[] {
  return readdirSync(newFolderOf(folder, name)).flatMap((file) => {
    const pid = Number(reportName.exec(file)?.groups?.['pid']);
    if (Number.isNaN(pid)) return [];
    const path = join(newFolderOf(folder, name), file);
    const endedAtMs = statSync(path).mtimeMs;
    const crash = crashName({ endedAt: new Date(endedAtMs).toISOString(), process: name, pid });
    const reportFile = `${crash}.report.json`;
    const report = takeReport(path, join(folder, reportFile), keepAddresses);
    const ended = {
      process: name,
      index: 0,
      pid,
      endedAtMs,
      exitCode: null,
      signal: null,
      failure: undefined,
      stall: undefined,
    };
    const record = {
      ...makeRecord(ended, { steps: [], inHand: [] }, report),
      ...(report.kind === 'taken' && { report: reportFile }),
    };
    writeRecord(folder, crash, record);
    return [{ name: crash, record }];
  });
}
