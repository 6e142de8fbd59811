// Where the kernel writes a core, by /proc/sys/kernel/core_pattern (core(5)): into a file in the working folder of the process, into a
// file of an absolute path, or to a program.

import { dirname, join } from 'node:path';

export type CorePattern =
  /** An empty pattern: nowhere. */
  | { readonly kind: 'none' }
  /** @property program - its path; `arguments` are those of the pattern */
  | { readonly kind: 'pipe'; readonly program: string; readonly arguments: string }
  | {
      readonly kind: 'file';
      /** Undefined: that in which the process works. A folder whose name depends on the process has its `%`. */
      readonly folder: string | undefined;
      /** Of the file, with its `%`. */
      readonly name: string;
      readonly isAbsolute: boolean;
      /** Each process has a file of its own. */
      readonly isOwn: boolean;
    };

/**
 * @param pattern - the content of core_pattern; undefined off Linux
 * @param usesPid - core_uses_pid: the process id is appended when the pattern has none
 */
export function parseCorePattern(pattern: string, usesPid: boolean): CorePattern {
  const text = pattern.replace(/\n$/u, '');
  if (text.startsWith('|')) {
    const [program = '', ...rest] = text.slice(1).trim().split(/\s+/u);
    return { kind: 'pipe', program, arguments: rest.join(' ') };
  }
  const hasPid = /%[pPiI]/u.test(text.replaceAll('%%', ''));
  const appended = usesPid && !hasPid ? '.%p' : '';
  if (text === '' && appended === '') return { kind: 'none' };
  const whole = `${text}${appended}`;
  const slash = whole.lastIndexOf('/');
  const isAbsolute = whole.startsWith('/');
  return {
    kind: 'file',
    folder: slash === -1 ? undefined : slash === 0 ? '/' : whole.slice(0, slash),
    name: whole.slice(slash + 1),
    isAbsolute,
    isOwn: hasPid || appended !== '' || /%t/u.test(text.replaceAll('%%', '')),
  };
}

/**
 * The names that a core of a process may have. What is not known here (time, thread, title) stands for anything.
 * @param name - of a pattern
 */
export function coreNames(name: string, pid: number): RegExp {
  const source = name.replaceAll(/%(?<letter>.?)|(?<plain>[^%]+)/gu, (_, letter?: string, plain?: string) => {
    if (plain !== undefined) return RegExp.escape(plain);
    if (letter === 'p' || letter === 'P') return String(pid);
    if (letter === '%') return '%';
    return letter === '' ? '' : '.*';
  });
  return new RegExp(`^${source}$`, 'u');
}

/** The folder of cores of a process that works in a folder; undefined where it depends on the process, or is none. */
export function coreFolder(pattern: CorePattern, workingFolder: string): string | undefined {
  if (pattern.kind !== 'file') return undefined;
  const { folder, isAbsolute } = pattern;
  if (folder === undefined) return workingFolder;
  if (folder.includes('%')) return undefined;
  return isAbsolute ? folder : join(workingFolder, folder);
}

/** The nearest folder above whose name does not depend on the process. */
export function fixedFolder(folder: string): string {
  let fixed = folder;
  while (fixed.includes('%')) fixed = dirname(fixed);
  return fixed;
}
