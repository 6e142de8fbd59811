// Node's diagnostic report of this process: where it is written, and what is in it. Node writes one itself when the heap is full, and at
// other fatal errors of the runtime; for an error that nobody caught, the program asks for it. No report can be had of a segmentation
// fault, of a signal that kills, or of a process in an endless loop: Node's signal for a report waits for the event loop.

import { join } from 'node:path';
import type { CrashConfig } from '../config/config.ts';
import { newFolderOf } from './crash-folder.ts';
import type { CrashedProcess } from './crash-record.ts';

/** The name of the report in the folder of the role: the supervisor looks for it when the process has ended. */
export function newReportName(pid: number): string {
  return `report-${pid}.json`;
}

/** Has Node write its reports about this process. */
export function prepareReports(
  { folder, environment }: Pick<CrashConfig, 'folder' | 'environment'>,
  name: CrashedProcess,
): void {
  const { report }: { readonly report: NodeJS.ProcessReport & { excludeNetwork?: boolean } } = process;
  report.directory = newFolderOf(folder, name);
  report.filename = newReportName(process.pid);
  report.compact = true;
  report.reportOnFatalError = true;
  // Names of hosts would be looked up in the DNS, which may take seconds.
  report.excludeNetwork = true;
  report.excludeEnv = !environment;
}

/** Many systems write a core into the folder in which the process works. Where that cannot be, it stays where it is. */
export function workWhereCoresGo(folder: string, name: CrashedProcess): void {
  try {
    process.chdir(newFolderOf(folder, name));
  } catch {
    // The supervisor has told of a folder that cannot be used, and sluice doctor does.
  }
}

/** Writes the report about an error that nobody caught. The process is about to end. */
export function reportError(error: unknown): void {
  const { report } = process;
  if (!report.reportOnFatalError) return; // no folder has been prepared yet
  try {
    report.writeReport(report.filename, error instanceof Error ? error : new Error(String(error)));
  } catch {
    // Without a report, the log has the error and its stack.
  }
}

/** Where the report of a process is, if there is one. */
export function newReportPath(folder: string, name: CrashedProcess, pid: number): string {
  return join(newFolderOf(folder, name), newReportName(pid));
}
