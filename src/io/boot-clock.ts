// The clock that nobody sets, as all processes of one boot of the machine read it. What one of them wrote down tells a later
// one how much time has really passed, whatever happened to the date.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** `performance.now()` begins anew with each process; the clock behind it (CLOCK_MONOTONIC) began with the boot. */
const beganMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Ms of the system's monotonic clock. */
export function bootMs(): number {
  return beganMs + performance.now();
}

/**
 * Tells this boot of the machine from any other: readings of `bootMs` can be compared when it is the same. Undefined when
 * the system does not say.
 */
export async function bootIdHere(): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return await linuxBootId();
    if (process.platform !== 'darwin') return undefined;
    const { stdout } = await promisify(execFile)('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], {
      timeout: 2_000,
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

async function linuxBootId(): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  // A time namespace has an offset of its own (time_namespaces(7)); older kernels have no such file.
  const offsets = await readFile('/proc/self/timens_offsets', 'utf8').catch(() => '');
  const offset = /^monotonic +(\S+ +\S+)/m.exec(offsets)?.[1]?.replace(/ +/, '.') ?? '0.0';
  return /^0+\.0+$/.test(offset) ? boot : `${boot}+${offset}`;
}
