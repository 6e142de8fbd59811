// The supervisor is watched by nobody here (the service manager starts it again), so it keeps its own reports: Node writes one when it
// crashes, and its next start tells of that. A Sluice in one process does so, too.

import type { Config } from '../../config/config.ts';
import { makeCrashFolder } from '../../crash/crash-folder.ts';
import { takeLeftBehind } from '../../crash/left-behind.ts';
import { prepareReports } from '../../crash/node-report.ts';
import { pruneCrashes } from '../../crash/prune-crashes.ts';
import type { Logger } from '../../log/logger.ts';

/** To be called at the start, by whom this process is from then on. What cannot be kept is told in the log. */
export function keepOwnCrashes(
  { crash, processes }: Pick<Config, 'crash' | 'processes'>,
  log: Pick<Logger, 'error' | 'warn'>,
): void {
  const name = processes.singleProcess ? 'sluice' : 'supervisor';
  try {
    makeCrashFolder(crash.folder, [name]);
    for (const { record } of takeLeftBehind(crash.folder, name, crash.addresses))
      log.error(`the ${name} process ${record.pid} crashed at ${record.endedAt}: ${record.words}`);
    // A crash at each start would fill the disk. What fails here is tried again by the supervisor.
    pruneCrashes(crash.folder, crash, Date.now()).catch(() => undefined);
    prepareReports(crash, name);
    process.report.reportOnUncaughtException = true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(`nothing would be kept of a crash of this process: ${reason}`);
  }
}
