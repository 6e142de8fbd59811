// Ends processes that a program has started and that have left its process group (setsid). Each run has a mark of its own in its
// environment, which children inherit and /proc shows (proc_pid_environ(5)). Node can neither make cgroups nor be a subreaper. It is done
// only for runs that were ended before their time: it reads the environment of every process. A program that clears its environment gets away.

import { readdirSync, readFileSync } from 'node:fs';

/** A process that is started while others are ended is found by the next look. */
const mostLooks = 5;

/** What the environment of a run has. */
export function markedBy(mark: string): Readonly<Record<string, string>> {
  return { SLUICE_RUN: mark };
}

/** Sends SIGKILL to all processes of this mark that this process may look at. @returns how many there were */
export function killMarked(mark: string): number {
  let killed = 0;
  for (let look = 0; look < mostLooks; look++) {
    const found = marked(mark);
    if (found.length === 0) break;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
        killed++;
      } catch {
        // It has ended by itself.
      }
    }
  }
  return killed;
}

function marked(mark: string): readonly number[] {
  const wanted = Buffer.from(`SLUICE_RUN=${mark}\0`);
  return pids().filter((pid) => {
    try {
      return pid !== process.pid && readFileSync(`/proc/${pid}/environ`).includes(wanted);
    } catch {
      return false;
    }
  });
}

/** Where there is no such /proc, as on macOS, there are none. */
function pids(): readonly number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}
