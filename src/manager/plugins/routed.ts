// What came of questions for routes, as the scheduler is told: recipients move to the routes of the answers, and those without an answer wait or
// fail by the plan of the route that stood for the question.

import type { ErrorPlan } from '../../route/types.ts';
import type { MessageHandle, NewRoute, Scheduler } from '../../schedule/types.ts';

/** What came of the questions about recipients of one message. */
export interface Routed {
  readonly message: MessageHandle;
  readonly queueId: string;
  /** By index in the envelope. */
  readonly routes: ReadonlyMap<number, NewRoute>;
  /** The scheduler's names of the routes that stood for the questions, each with its plan. */
  readonly plans: ReadonlyMap<string, ErrorPlan>;
}

/** The plan of a route that stood for a question which was answered: no recipient has it any more. */
export const answeredPlan: ErrorPlan = {
  kind: 'error',
  permanent: false,
  replyCode: 451,
  enhancedStatus: '4.3.0',
  text: 'The route was being asked of a plugin',
};

export function applyRouted(
  scheduler: Pick<Scheduler, 'isQueued' | 'reroute' | 'routeResolved'>,
  { message, queueId, routes, plans }: Routed,
  nowMs: number,
): void {
  if (routes.size > 0 && scheduler.isQueued(message, queueId)) scheduler.reroute(message, routes, nowMs);
  for (const [name, plan] of plans) scheduler.routeResolved(name, { ...plan, validUntilMs: nowMs }, nowMs);
}
