// New limits and times, at once: what has become too much goes as its work ends, what has become possible goes out.

import { Dimension } from './counters.ts';
import { closeIdle } from './serve.ts';
import { expiryOf, type State } from './state.ts';
import { TaskState } from './tasks.ts';
import type { SchedulerConfig } from './types.ts';

export function applyConfig(s: State, config: SchedulerConfig): void {
  const before = s.config;
  s.config = config;
  const { limits } = config;
  for (const [dimension, limit] of [
    [Dimension.global, limits.global],
    [Dimension.domain, limits.perDomain],
    [Dimension.site, limits.perSite],
    [Dimension.ip, limits.perIp],
  ] as const) {
    s.counters.eachOf(dimension, (counter) => {
      s.counters.setLimit(counter, limit);
      closeSurplus(s, counter);
    });
  }
  if (config.lifetimeMs !== before.lifetimeMs || config.bounceLifetimeMs !== before.bounceLifetimeMs) {
    moveExpiries(s);
  }
}

/** Idle connections above a lowered limit go now; busy ones when their transaction is over. */
function closeSurplus(s: State, counter: number): void {
  const { closing, firstIdle, limit, used } = s.counters;
  while (used.get(counter) - closing.get(counter) > limit.get(counter) && firstIdle.get(counter) >= 0) {
    closeIdle(s, s.connections.holds.connection.get(firstIdle.get(counter)));
  }
}

function moveExpiries(s: State): void {
  const { due, dueMs, end, message, state } = s.tasks;
  for (let task = 0; task < end; task += 1) {
    const kind = state.get(task);
    if (kind === TaskState.free || !due.has(task)) continue;
    const expiresAtMs = expiryOf(s, message.get(task));
    due.put(task, kind === TaskState.ready ? expiresAtMs : Math.min(dueMs.get(task), expiresAtMs));
  }
}
