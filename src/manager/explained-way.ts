// The way of mail that an operator asks about, with the table that decides.

import { chosenBy } from '../route/choice.ts';
import { staticTtlSeconds } from '../route/outcome.ts';
import type { RouteKey, RoutePlan } from '../route/types.ts';
import { temporarily } from './plugins/route-questions.ts';
import type { RouterInForce } from './ports.ts';
import type { WaySubject } from './ways/ways.ts';

export interface ExplainedWay {
  readonly key: RouteKey;
  /** Name of the table that decides. */
  readonly table?: string | undefined;
  /** Where a table cannot say the way. */
  readonly plan?: RoutePlan | undefined;
}

export async function explainedWay(
  { router, provisioned, ways }: RouterInForce,
  subject: WaySubject,
): Promise<ExplainedWay> {
  const bare = router.routeOf(subject.reversePath, subject.address);
  const said = await provisioned?.of(subject);
  if (said?.kind === 'route') return { key: chosenBy('provisioning', said.route) };
  if (said?.kind === 'unknown')
    return { key: bare, plan: { ...temporarily(said.reason), validUntilMs: staticTtlSeconds } };
  if (ways === undefined) return { key: bare };
  const found = await ways.of(router, subject);
  if (found.kind === 'unknown')
    return {
      key: bare,
      table: found.table,
      plan: { ...temporarily(found.reason), validUntilMs: staticTtlSeconds },
    };
  const { route, table } = found;
  return table === undefined ? { key: route } : { key: chosenBy('table', route), table };
}
