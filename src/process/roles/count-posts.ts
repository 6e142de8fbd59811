// Tells the supervisor what a process has counted: once a second, and only when something has changed. The supervisor keeps the sums while
// roles come and go.

import type { RoleToSupervisor } from '../../channel/messages.ts';
import type { EventCounters } from '../../log/event-counters.ts';

const everyMs = 1_000;

/** @returns posts what has changed since, and ends */
export function postCounts(
  counters: EventCounters,
  serial: number,
  tell: (message: RoleToSupervisor) => void,
): () => void {
  let posted = 0;
  const post = (): void => {
    if (counters.version === posted) return;
    posted = counters.version;
    tell({ kind: 'counted', serial, counts: counters.withTimes });
  };
  const timer = setInterval(post, everyMs).unref();
  return () => {
    clearInterval(timer);
    post();
  };
}
