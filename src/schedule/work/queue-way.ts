// What a queue has of its own on the way out: the addresses that its connections come from, and our name in EHLO. Connections are shared
// by queues where these are the same, or with none.

import { isDeepStrictEqual } from 'node:util';
import { isSocketHop } from '../../route/next-hop.ts';
import type { RelayPlan } from '../../route/types.ts';
import type { State } from '../state.ts';
import type { SchedulerConfig } from '../types.ts';

/** The plan as mail of the route's queue takes it. Addresses that a [[route]] names come before those of a queue. */
export function planInQueue(s: State, route: number, plan: RelayPlan): RelayPlan {
  const { sources, heloName } = s.config.queues?.[s.routes.store.get(route)] ?? {};
  if (sources === undefined && heloName === undefined) return plan;
  const addresses = plan.addresses.map((hop) => {
    if (!isSocketHop(hop)) return hop;
    const from = hop.sources ?? sources;
    return {
      ...hop,
      ...(from !== undefined && { sources: from }),
      ...(heloName !== undefined && { heloName }),
    };
  });
  const mark = `+queue ${sources?.join(',') ?? ''} ${heloName ?? ''}`;
  return { ...plan, addresses, security: `${plan.security ?? ''}${mark}` };
}

/** Do plans that are known mean something else for mail of some queue? */
export function queueWaysDiffer(before: SchedulerConfig, after: SchedulerConfig): boolean {
  return before.queues !== after.queues && !isDeepStrictEqual(waysOf(before), waysOf(after));
}

function waysOf({ queues = [] }: SchedulerConfig): unknown {
  return queues.map(({ sources, heloName }) => [sources, heloName]);
}
