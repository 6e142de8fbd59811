// Explains how messages are sent to the hosts of a plan over one connection: how many at once, in which way, and why not more.

import type { ServedHost } from '../control/operations/served-host.ts';
import type { RelayPlan } from '../route/types.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';

/** @param shownOf - Unix ms of a time of the memory. Hosts of which nothing is known are left out. */
export function explainService(
  { addresses }: RelayPlan,
  memory: Pick<PipeliningMemory, 'faults' | 'service'>,
  shownOf: (ms: number) => number,
): ServedHost[] {
  return addresses.flatMap(({ host, key, transport }) => {
    const last = memory.service(key);
    const faults = memory.faults(key);
    if (transport === 'discard' || (last === undefined && faults.length === 0)) return [];
    const without = faults.map(({ kind, text, untilMs }) => ({ kind, text, untilMs: shownOf(untilMs) }));
    return [{ host, endpoint: key, last, without }];
  });
}
