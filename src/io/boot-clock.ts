// The system's monotonic clock, which nobody can set and which all processes of one boot of the machine share. From a reading
// that an earlier process stored, a later one knows how much time has passed, even if the date was changed.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Monotonic time (CLOCK_MONOTONIC, which begins with the boot) at which this process's `performance.now()` was 0. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The system's monotonic clock, in ms. */
export function bootMs(): number {
  return originMs + performance.now();
}

/**
 * Identifies this boot of the machine: readings of `bootMs` can be compared when their boot ids are equal. Undefined when the
 * system does not tell.
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
