// Warnings about programs of [[route]] tables with pipe: that are not there, that others can replace, or that run as a user who can read the queue.

import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

const writableByOthers = 0o022;
const anyExecute = 0o111;

export function wayWarnings({ route, user }: Pick<Config, 'route' | 'user'>): ConfigWarning[] {
  return route.flatMap((each, index): ConfigWarning[] => {
    if (each.kind !== 'pipe' || each.way.kind !== 'pipe') return [];
    const { command, as } = each.way;
    const warnings: ConfigWarning[] = [];
    const fault = programFault(command[0] ?? '');
    if (fault !== undefined) warnings.push({ path: ['route', index, 'pipe', 0], message: faultText(fault) });
    if (as === undefined && user !== undefined) {
      const message =
        'has no "as": its program runs as the user of the sender processes, who can read the queue; name another user';
      warnings.push({ path: ['route', index, 'pipe'], message });
    }
    return warnings;
  });
}

/** Is it about a program of a [[route]]? */
export function isAboutProgram([table, , key, at]: ConfigWarning['path']): boolean {
  return table === 'route' && key === 'pipe' && at === 0;
}

/** Why a program does not run, or can become another one. A clause. */
export function programFault(
  program: string,
): { readonly isFatal: boolean; readonly reason: string } | undefined {
  const found = statOf(program);
  if (typeof found === 'string') return { isFatal: true, reason: found };
  if (!found.isFile()) return { isFatal: true, reason: `${program} is no program` };
  if ((found.mode & anyExecute) === 0)
    return { isFatal: true, reason: `${program} may not be run by anybody (chmod it)` };
  if ((found.mode & writableByOthers) !== 0)
    return { isFatal: false, reason: `${program} can be changed by others than its owner (chmod go-w)` };
  const folder = statOf(dirname(program));
  if (typeof folder === 'string' || (folder.mode & writableByOthers & 0o002) === 0) return undefined;
  return { isFatal: false, reason: `${program} can be replaced by everybody, who may write to its folder` };
}

function faultText({ isFatal, reason }: NonNullable<ReturnType<typeof programFault>>): string {
  return isFatal ? `${reason}, so this mail waits` : reason;
}

function statOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? `${path} does not exist`
      : `${path} cannot be looked at (${code ?? 'no reason'})`;
  }
}
