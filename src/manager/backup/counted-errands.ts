// Errands to the hosts of a plan, one host after the other until one answers. Promise: each is a connection that the scheduler counts like those
// with mail, so that none exceeds a limit of its destination; where a limit leaves no room, nobody is visited.

import type { Errand, ErrandOutcome } from '../../deliver/errand/types.ts';
import type { RelayPlan } from '../../route/types.ts';
import type { Scheduler } from '../../schedule/types.ts';

/** Hosts of a plan that are tried. */
const mostTried = 4;

export interface CountedErrandsParts {
  readonly scheduler: Pick<Scheduler, 'visit' | 'visitEnded'>;
  readonly senders: { errand(errand: Errand): Promise<ErrandOutcome> };
  readonly nowMs: () => number;
  /** Carries out the scheduler's effects. */
  readonly changed: () => void;
}

export interface CountedErrand {
  /** `RouteKey.key` and domain: limits look at them. */
  readonly key: string;
  readonly domain: string;
  readonly plan: RelayPlan;
  readonly etrn?: readonly string[] | undefined;
  /** Told of each host that was tried in vain. */
  readonly failed?: ((host: string, reason: string) => void) | undefined;
}

export type RunErrandCounted = (errand: CountedErrand) => Promise<ErrandOutcome>;

/** It never rejects. */
export async function runCounted(
  { scheduler, senders, nowMs, changed }: CountedErrandsParts,
  { domain, etrn, failed, key, plan }: CountedErrand,
): Promise<ErrandOutcome> {
  let outcome: ErrandOutcome = {
    kind: 'failed',
    reason: 'it has no address, or limits allow no connection to it now',
  };
  const except = new Set<string>();
  while (except.size < mostTried) {
    const visit = scheduler.visit({ key, domain, tenant: '', plan, except }, nowMs());
    changed();
    if (visit === undefined) break;
    const { connection, hop, source } = visit;
    outcome = await senders.errand({ hop, source, ...(etrn && { etrn }) });
    scheduler.visitEnded(connection, nowMs());
    changed();
    if (outcome.kind === 'answered' || outcome.isLasting === true) break;
    failed?.(`${hop.host} (${hop.key})`, outcome.reason);
    except.add(hop.key);
  }
  return outcome;
}
