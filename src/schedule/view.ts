// The schedule as people see it: every waiting recipient, every site with work, and what each waits for.

import { blockerText } from './blocker-text.ts';
import { recipientsOf, routeOf } from './lifecycle.ts';
import { PlanState } from './routes.ts';
import { expiryOf, type State } from './state.ts';
import { TaskState } from './tasks.ts';
import type { MessageHandle, QueuedRecipient, SiteStatus } from './types.ts';

/** All recipients that are not done, task by task; each task is read at the moment it is reached. */
export function* queuedRecipients(s: State): IterableIterator<QueuedRecipient> {
  const { recipients, routes, tasks } = s;
  for (let task = 0; task < tasks.end; task += 1) {
    const state = tasks.state.get(task);
    if (state === TaskState.free) continue;
    const message = tasks.message.get(task);
    const queueId = s.messages.queueIdOf(message);
    const expiresAtMs = expiryOf(s, message);
    const hasTime = state === TaskState.waiting || state === TaskState.held;
    const nextAttemptAtMs = hasTime ? tasks.dueMs.get(task) : 0;
    const rows = recipientsOf(s, task).map((recipient): QueuedRecipient => {
      const route = recipients.route.get(recipient);
      return {
        queueId,
        message: message as MessageHandle,
        recipient: recipients.envelopeIndex.get(recipient),
        route: routes.keyOf(route),
        domain: routes.domainOf(route),
        queue: s.queues.nameOf(routes.queueOf(route)),
        state: stateName(s, state, route),
        attempts: recipients.attempts.get(recipient),
        nextAttemptAtMs,
        expiresAtMs,
        lastError: s.errors.text(recipients.lastError.get(recipient)),
      };
    });
    yield* rows;
  }
}

/** One row per site with work or connections; work whose site is not known has a row per route. */
export function siteRows(s: State): SiteStatus[] {
  const { connections, routes, sites, tasks } = s;
  interface Row {
    waiting: number;
    ready: number;
    active: number;
    blockedOn: string;
  }
  const bySite = new Map<number, Row>();
  const byRoute = new Map<number, Row>();
  const rowOf = (rows: Map<number, Row>, key: number): Row => {
    let row = rows.get(key);
    if (row === undefined) rows.set(key, (row = { waiting: 0, ready: 0, active: 0, blockedOn: '' }));
    return row;
  };
  for (let task = 0; task < tasks.end; task += 1) {
    const state = tasks.state.get(task);
    if (state === TaskState.free || state === TaskState.active) continue;
    const route = routeOf(s, task);
    const site = routes.site.get(route);
    const row = site < 0 ? rowOf(byRoute, route) : rowOf(bySite, site);
    const count = recipientsOf(s, task).length;
    if (state === TaskState.waiting || state === TaskState.held) {
      row.waiting += count;
    } else {
      row.ready += count;
      if (row.blockedOn === '') row.blockedOn = blockersOf(s, route);
    }
  }
  for (let connection = 0; connection < connections.end; connection += 1) {
    if (!connections.isLive(connection)) continue;
    const task = connections.task.get(connection);
    if (task >= 0) rowOf(bySite, connections.site.get(connection)).active += recipientsOf(s, task).length;
  }
  const list: SiteStatus[] = [];
  sites.each((site) => {
    const row = bySite.get(site);
    const open = sites.connections.get(site);
    if (row === undefined && open === 0) return;
    const { site: key, label } = sites.planOf(site);
    list.push({
      site: key,
      label,
      connections: open,
      ...(row ?? { waiting: 0, ready: 0, active: 0, blockedOn: '' }),
    });
  });
  for (const [route, row] of byRoute) {
    list.push({ site: routes.keyOf(route), label: routes.domainOf(route), connections: 0, ...row });
  }
  return list;
}

/** Why a task that was never tried has waited until its lifetime's end. */
export function reasonOf(s: State, task: number): string {
  const route = routeOf(s, task);
  const blockers = blockersOf(s, route);
  if (blockers !== '') return `not tried in its lifetime: ${blockers}`;
  return 'not tried in its lifetime';
}

/** What the ready tasks of a route wait for; empty when for nothing. */
function blockersOf(s: State, route: number): string {
  if (s.routes.plan.get(route) === PlanState.resolving)
    return `looking up the route to ${s.routes.domainOf(route)}`;
  return s.parking
    .countersOf(route)
    .reverse()
    .map((counter) => blockerText(s, counter))
    .join(', ');
}

function stateName(s: State, state: number, route: number): QueuedRecipient['state'] {
  switch (state) {
    case TaskState.waiting:
      return 'waiting';
    case TaskState.active:
      return 'active';
    case TaskState.held:
      return 'held';
    case TaskState.ready:
      return s.routes.plan.get(route) === PlanState.resolving ? 'resolving' : 'ready';
    default:
      return 'resolving';
  }
}
