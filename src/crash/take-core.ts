// Finds the core that the system has written of a process. One in the folder of its role is moved to the crash; one that the
// system puts elsewhere stays there, and only its place is noted.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import { coreFolder, coreNames, parseCorePattern } from './core-pattern.ts';
import { wordsOf } from './take-report.ts';

export type TakenCore =
  | { readonly kind: 'taken'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'missing'; readonly reason: string };

export interface CoreSearch {
  readonly pid: number;
  /** In which the process worked. */
  readonly workingFolder: string;
  /** Where a core from there is moved to. */
  readonly to: string;
  /** Unix ms at which the process started: an older file is not its core. */
  readonly startedAtMs: number;
  /** For tests: the folder of the kernel's settings. */
  readonly kernel?: string;
}

/** Whose a core is from now on: that of this process, and closed to others. */
const coreMode = 0o600;

export function takeCore(search: CoreSearch): TakenCore {
  const { kernel = '/proc/sys/kernel' } = search;
  const text = kernelText(join(kernel, 'core_pattern'));
  if (text === undefined) {
    return {
      kind: 'missing',
      reason: 'this system does not say where it writes cores (there is no core_pattern)',
    };
  }
  const pattern = parseCorePattern(text, kernelText(join(kernel, 'core_uses_pid'))?.trim() === '1');
  if (pattern.kind === 'none') return { kind: 'missing', reason: 'kernel.core_pattern is empty' };
  if (pattern.kind === 'pipe') {
    const isSystemd = pattern.program.endsWith('systemd-coredump');
    const where = isSystemd ? `: "coredumpctl info ${search.pid}" shows it` : '';
    return { kind: 'missing', reason: `the system gives cores to ${pattern.program}${where}` };
  }
  const folder = coreFolder(pattern, search.workingFolder);
  if (folder === undefined)
    return { kind: 'missing', reason: `the system writes cores below ${pattern.folder ?? ''}` };
  try {
    return takeFrom(folder, coreNames(pattern.name, search.pid), search);
  } catch (error) {
    return { kind: 'missing', reason: `looking for it in ${folder}: ${wordsOf(error)}` };
  }
}

function takeFrom(folder: string, names: RegExp, { startedAtMs, workingFolder, to }: CoreSearch): TakenCore {
  for (const name of readdirSync(folder)) {
    if (!names.test(name)) continue;
    const path = join(folder, name);
    const bytes = coreBytes(path, startedAtMs, folder === workingFolder);
    if (bytes === undefined) continue;
    if (folder !== workingFolder) return { kind: 'taken', path, bytes };
    renameSync(path, to);
    return { kind: 'taken', path: to, bytes };
  }
  return {
    kind: 'missing',
    reason: `the system has written none into ${folder}; "sluice doctor --only crash" looks for the reason`,
  };
}

/**
 * The room that a core takes, which is less than its size: it has holes; undefined when the file is none, or is older.
 * @param isOurs - it belongs to this process from now on. The role may have put another name of somebody else's file there
 */
function coreBytes(path: string, startedAtMs: number, isOurs: boolean): number | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.nlink !== 1 || stats.mtimeMs < startedAtMs - 1000) return undefined;
    if (!isElfCore(fd)) return undefined;
    if (isOurs) {
      fchownSync(fd, process.geteuid?.() ?? stats.uid, process.getegid?.() ?? stats.gid);
      fchmodSync(fd, coreMode);
    }
    return Math.min(stats.size, stats.blocks * 512);
  } finally {
    closeSync(fd);
  }
}

/** ELF: e_type is ET_CORE (elf(5)), in the byte order of the machine. */
function isElfCore(fd: number): boolean {
  const head = Buffer.alloc(18);
  if (readSync(fd, head, 0, head.length, 0) < head.length) return false;
  const isLittle = head[5] === 1;
  const type = isLittle ? head.readUInt16LE(16) : head.readUInt16BE(16);
  return head.toString('latin1', 1, 4) === 'ELF' && type === 4;
}

function kernelText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
