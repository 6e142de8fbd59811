// Ends a process that does not answer, after noting what the system says of it.

import { cpuMark, processState } from '../../crash/process-state.ts';
import type { Logger } from '../../log/logger.ts';
import type { Child } from './child.ts';

/** A core is written before the process has ended; a disk that hangs must not hold up the next process for ever. */
const coreBeats = 60;

/** To be called at each beat: what a process uses of the processor is looked at from the first beat on that it does not answer. */
export function markSilence(child: Child): void {
  const pid = child.process?.pid;
  if (!child.heartbeat.isSilent) child.silentSince = undefined;
  else if (pid !== undefined) child.silentSince ??= cpuMark(pid, performance.now());
}

/**
 * To be called at each beat as long as the process lives. SIGKILL also ends what SIGSTOP has stopped (signal(7)); where a core is wanted,
 * SIGABRT comes first. What hangs in the kernel ends by neither, and each is sent once.
 */
export function endStalled(
  child: Child,
  why: string,
  { log, wantsCore }: { readonly log: Pick<Logger, 'error'>; readonly wantsCore: boolean },
): void {
  const { process: running, name } = child;
  const pid = running?.pid;
  if (running === undefined || pid === undefined) return;
  if (child.stall === undefined) {
    const state = processState(pid, child.silentSince, performance.now());
    const { words = '', isFromOutside = false } = state ?? {};
    child.stall = { words: `The supervisor ended it: ${why}. ${words}`.trimEnd(), isFromOutside };
    child.endingBeats = 0;
    log.error(`ending the ${name} process (${pid}): ${why}. ${words}`.trimEnd());
    running.kill(wantsCore ? 'SIGABRT' : 'SIGKILL');
    // Whoever is stopped gets SIGABRT when it goes on.
    if (wantsCore) running.kill('SIGCONT');
    return;
  }
  child.endingBeats++;
  if (!wantsCore || child.endingBeats !== coreBeats) return;
  log.error(`the ${name} process (${pid}) does not end by SIGABRT; killing it`);
  running.kill('SIGKILL');
}
