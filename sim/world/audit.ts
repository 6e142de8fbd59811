// Checks the whole state of a scheduler between two calls for contradictions. Too slow for anything but simulation.

import { blockerText } from '../../src/schedule/tell/blocker-text.ts';
import { ConnectionState } from '../../src/schedule/store/connections.ts';
import { Dimension, dimensions } from '../../src/schedule/store/counters.ts';
import { forgetPairLimits } from '../../src/schedule/reserve/gates.ts';
import { hasOneRoute, recipientsOf, routeOf, tasksOf } from '../../src/schedule/work/lifecycle.ts';
import { oldestNumber, tasksOnTheWay } from '../../src/schedule/reserve/on-the-way.ts';
import { unansweredCount } from '../../src/schedule/reserve/unanswered.ts';
import { forgetLimitsAtRest } from '../../src/schedule/reserve/needs.ts';
import { PlanState } from '../../src/schedule/store/routes.ts';
import { roomLists } from '../../src/schedule/store/sites.ts';
import type { State } from '../../src/schedule/state.ts';
import { TaskState } from '../../src/schedule/store/tasks.ts';
import { check } from './ledger.ts';

/** Checks every rule that holds between two calls. @throws {BrokenRule} at the first contradiction */
export function audit(s: State): void {
  const used = auditConnections(s);
  auditTasks(s);
  auditRoutes(s);
  for (const counter of allCounters(s)) {
    const name = (): string => blockerText(s, counter);
    check(s.counters.used.get(counter) === (used.get(counter) ?? 0), () => `${name()}: used and held differ`);
    if (s.counters.parked.get(counter) > 0) {
      check(!s.counters.hasRoom(counter), () => `${name()}: a route is parked although there is room`);
      const idle = s.counters.firstIdle.get(counter) >= 0;
      check(
        !idle || !s.counters.lacksSlots(counter),
        () => `${name()}: an idle connection blocks a parked route`,
      );
    }
  }
}

/** Checks that no store has a row left. @throws {BrokenRule} with the numbers of rows */
export function auditEmpty(s: State): void {
  // Caches that are kept for the next message are no rows that are left.
  forgetPairLimits(s);
  forgetLimitsAtRest(s);
  s.counters.sweep();
  const rows = {
    messages: s.messages.live - s.done.length,
    recipients: s.recipients.live,
    tasks: s.tasks.live,
    siblings: s.tasks.siblings.live,
    routes: s.routes.live,
    sites: s.sites.live,
    addresses: s.addresses.live,
    connections: s.connections.live,
    holds: s.connections.holds.live,
    parked: s.parking.live,
    lines: s.parking.turns.live + s.sites.turns.live,
    priorities: s.routes.priorityEnds.size,
    mixed: s.routes.mixedTasks.size,
    refusals: s.refusals.size,
    asking: s.asking.size,
    visits: s.visitLine.size,
    extra: s.recipients.regularMs.size,
    uncommitted: s.uncommitted.length,
    // The counters global, local, overflow, pause and those of delivery windows stay; rates and windows are remembered for a while.
    counters: s.counters.live - 4 - schedulesWithHours(s) - s.rates.live - s.windows.live,
    used: s.counters.used.get(s.globalCounter) + s.counters.used.get(s.localCounter) + unansweredCount(s),
    due: s.tasks.due.size + s.addresses.due.size,
  };
  check(
    Object.values(rows).every((count) => count === 0),
    () => `rows are left: ${JSON.stringify(rows)}`,
  );
}

function schedulesWithHours(s: State): number {
  return s.times.rules.filter(({ hours }) => typeof hours === 'object').length;
}

/** Checks the connections. Returns the slots that they hold of each counter. */
function auditConnections(s: State): Map<number, number> {
  const { connections } = s;
  const used = new Map<number, number>();
  const closing = new Map<number, number>();
  const active = new Set<number>();
  let live = 0;
  for (let connection = 0; connection < connections.end; connection++) {
    const state = connections.state.get(connection);
    if (state === ConnectionState.free) continue;
    live++;
    const isWorking = state === ConnectionState.connecting || state === ConnectionState.busy;
    const tasks = tasksOnTheWay(s, connection);
    const count = tasks.length;
    const name = `connection ${connection}, in state ${state}`;
    check(
      isWorking ? count > 0 : state === ConnectionState.closing || count === 0,
      () => `${name}: ${count} tasks`,
    );
    check(count === connections.onTheWay.get(connection), () => `${name}: tasks on the way are miscounted`);
    check(count <= connections.depth.get(connection), () => `${name}: ${count} tasks are too many`);
    for (const task of tasks) {
      check(s.tasks.state.get(task) === TaskState.active, () => `${name}: task ${task} is not active`);
      active.add(task);
    }
    auditRoom(s, connection, count);
    // Slots of the transaction before the oldest are held until that one has its results.
    const oldest = oldestNumber(s, connection);
    const transactions = connections.transactions.get(connection);
    let hold = connections.firstHold.get(connection);
    for (; hold >= 0; hold = connections.holds.next.get(hold)) {
      const counter = connections.holds.counter.get(hold);
      used.set(counter, (used.get(counter) ?? 0) + 1);
      if (s.counters.dimension.get(counter) === Dimension.task) {
        const neededBy = connections.holds.neededBy.get(hold);
        const isNeeded = neededBy >= oldest - 1 && neededBy <= transactions;
        check(
          isNeeded,
          () => `${name}: holds a slot for transaction ${neededBy} of ${oldest} to ${transactions}`,
        );
      }
      if (state === ConnectionState.closing) closing.set(counter, (closing.get(counter) ?? 0) + 1);
    }
  }
  for (const counter of allCounters(s)) {
    check(s.counters.closing.get(counter) === (closing.get(counter) ?? 0), () => 'closing is miscounted');
  }
  check(live === connections.live, () => 'connections are miscounted');
  for (let task = 0; task < s.tasks.end; task++) {
    const isActive = s.tasks.state.get(task) === TaskState.active;
    check(isActive === active.has(task), () => `task ${task} is on the way on no connection`);
  }
  s.sites.each((site) => auditRoomOfSite(s, site));
  return used;
}

/** A connection with room is listed, and by the number of its transactions on the way. */
function auditRoom(s: State, connection: number, count: number): void {
  const { connections } = s;
  const hasRoom =
    connections.state.get(connection) === ConnectionState.busy &&
    count < connections.depth.get(connection) &&
    connections.transactions.get(connection) < connections.mostTransactions.get(connection);
  const list = connections.roomList.get(connection);
  const expected = hasRoom ? Math.min(count, roomLists) : 0;
  check(
    list === expected,
    () => `connection ${connection} with ${count} tasks is in list ${list} of those with room`,
  );
}

function auditRoomOfSite({ connections, sites }: State, site: number): void {
  let listed = 0;
  for (const [at, first] of sites.firstWithRoom.entries()) {
    let connection = first.get(site);
    for (; connection >= 0; connection = connections.siteUsable.next.get(connection)) {
      const isRight =
        connections.roomList.get(connection) === at + 1 && connections.site.get(connection) === site;
      check(isRight, () => `connection ${connection} is in a wrong list of those with room`);
      listed++;
    }
  }
  check(listed === sites.withRoom.get(site), () => `connections with room of site ${site} are miscounted`);
}

function auditTasks(s: State): void {
  const { tasks } = s;
  const recipientsPerRoute = new Map<number, number>();
  const messages = new Set<number>();
  let recipients = 0;
  for (let task = 0; task < tasks.end; task++) {
    const state = tasks.state.get(task);
    if (state === TaskState.free) continue;
    for (const recipient of recipientsOf(s, task)) {
      const route = s.recipients.route.get(recipient);
      recipients++;
      recipientsPerRoute.set(route, (recipientsPerRoute.get(route) ?? 0) + 1);
    }
    messages.add(tasks.messageOf(task));
    const timed = state !== TaskState.active && state !== TaskState.held;
    check(timed === tasks.due.has(task), () => `task ${task}: state ${state}, in the heap: ${!timed}`);
  }
  check(recipients === s.recipients.live, () => 'recipients are miscounted');
  let listed = 0;
  for (const message of messages) {
    for (const task of tasksOf(s, message)) {
      check(tasks.messageOf(task) === message, () => `task ${task} is in the list of another message`);
      listed++;
    }
  }
  check(listed === tasks.live, () => 'tasks of messages are miscounted');
  for (let route = 0; route < s.routes.end; route++) {
    if (!s.routes.isKnown(route)) continue;
    const count = recipientsPerRoute.get(route) ?? 0;
    check(
      count === s.routes.recipients.get(route),
      () => `recipients of ${s.routes.keyOf(route)} are miscounted`,
    );
  }
}

function auditRoutes(s: State): void {
  const { parking, routes, tasks } = s;
  for (let route = 0; route < routes.end; route++) {
    if (!routes.isKnown(route)) continue;
    let queued = 0;
    let mixed = 0;
    let ready = 0;
    let rank = 0;
    for (let task = routes.firstTask.get(route); task >= 0; task = tasks.queue.next.get(task)) {
      queued++;
      ready += recipientsOf(s, task).length;
      const below = s.messages.rankOf(tasks.messageOf(task));
      check(below >= rank, () => `task ${task} is queued behind a task of a lower priority`);
      rank = below;
      if (!hasOneRoute(s, task)) mixed++;
      check(routeOf(s, task) === route, () => `task ${task} is in the queue of another route`);
    }
    check(ready === routes.ready.get(route), () => `ready work of ${routes.keyOf(route)} is miscounted`);
    check(
      mixed === (routes.mixedTasks.get(route) ?? 0),
      () => `mixed tasks of ${routes.keyOf(route)} are miscounted`,
    );
    // A route with work that is neither parked nor being resolved would never be looked at again.
    const waits = parking.isParked(route) || routes.plan.get(route) === PlanState.resolving;
    check(queued === 0 || waits, () => `${routes.keyOf(route)} has work and waits for nothing`);
    check(queued > 0 || !parking.isParked(route), () => `${routes.keyOf(route)} is parked without work`);
    check(queued > 0 || !routes.isInRing(route), () => `${routes.keyOf(route)} is in the ring without work`);
  }
}

function allCounters(s: State): number[] {
  const counters: number[] = [];
  for (let dimension = 0; dimension < dimensions; dimension++)
    s.counters.eachOf(dimension, (counter) => counters.push(counter));
  return counters;
}
