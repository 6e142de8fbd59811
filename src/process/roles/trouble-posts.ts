// Tells the supervisor the troubles of a process when they change.

import type { RoleToSupervisor } from '../../channel/messages.ts';
import type { Troubles } from '../../stats/troubles.ts';

/** Shortest time between two messages, so that troubles that change often cost little. */
const everyMs = 100;

export function postTroubles(troubles: Troubles, tell: (message: RoleToSupervisor) => void): void {
  let timer: NodeJS.Timeout | undefined;
  troubles.onChanged(() => {
    timer ??= setTimeout(() => {
      timer = undefined;
      tell({ kind: 'troubles', troubles: troubles.list });
    }, everyMs).unref();
  });
}
