// Loaded into each process of Sluice that the signing benchmark measures: watches how late timers fire, which is how long anything else
// would have waited for the event loop, and how much CPU the process takes. SIGUSR2 writes what was seen since the last one into a file, and begins anew.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** A timer each so many ms: rare enough to cost nothing, and short against what is looked for. */
const everyMs = 5;

/** What a process writes into its file. */
export interface LoopDelay {
  /** Its title, such as `sluice: receiver 1`. */
  readonly title: string;
  /** Lateness of timers in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** CPU ms of all its threads. */
  readonly cpuMs: number;
}

/** The environment variable that names the folder of the files. */
export const folderVariable = 'SLUICE_BENCH_LOOP_DELAYS';

/** The file of a process. */
export function loopDelayFile(folder: string, pid: number): string {
  return join(folder, `${pid}.json`);
}

function watch(folder: string): void {
  const delays = monitorEventLoopDelay({ resolution: everyMs });
  delays.enable();
  // Node counts from one timer to the next: what is beyond the interval is late.
  const late = (ns: number): number => Math.max(0, ns / 1e6 - everyMs);
  let cpu = process.cpuUsage();
  process.on('SIGUSR2', () => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const seen: LoopDelay = {
      title: process.title,
      p50Ms: late(delays.percentile(50)),
      p99Ms: late(delays.percentile(99)),
      maxMs: late(delays.max),
      cpuMs: (user + system) / 1000,
    };
    delays.reset();
    const file = loopDelayFile(folder, process.pid);
    // Whoever waits for the file finds it whole.
    writeFileSync(`${file}.new`, JSON.stringify(seen));
    renameSync(`${file}.new`, file);
  });
}

const folder = process.env[folderVariable];
if (folder !== undefined && isMainThread) watch(folder);
