// Warnings about programs of [[route]] tables with pipe: that are not there, that others can replace, or that run as a user who can read the queue.

import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import { programFault } from './program-fault.ts';

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

function faultText({ isFatal, reason }: NonNullable<ReturnType<typeof programFault>>): string {
  return isFatal ? `${reason}, so this mail waits` : reason;
}
