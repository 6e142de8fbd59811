// Grants: a task gets an open connection of its site, or the right to open a new one. Everything that applies is reserved
// and spent here, together, after the place is chosen.

import { isSocketHop } from '../../route/next-hop.ts';
import { ConnectionState } from '../store/connections.ts';
import { pairLimitsOf, spendRates, spendRatesOf } from '../reserve/gates.ts';
import { noteRoom, setOut } from '../reserve/on-the-way.ts';
import { connectionOpened, unansweredCount } from '../reserve/unanswered.ts';
import { dequeue, routeOf } from '../work/lifecycle.ts';
import type { Place } from '../store/place.ts';
import { invariant } from '../scheduler-error.ts';
import type { State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';
import type { ConnectionHandle, MessageHandle, Transaction } from '../types.ts';

/**
 * Runs the task in `s.needs` on an open connection of its site, behind what is on the way there; everything has room or is held
 * by it already.
 */
export function grantOpen(s: State, connection: number, task: number, nowMs: number): void {
  const { connections } = s;
  const place = connections.placeOf(connection);
  if (connections.state.get(connection) === ConnectionState.idle) {
    connections.removeFromIdle(connection);
    s.sites.removeIdle(connections.site.get(connection), connection);
    connections.state.set(connection, ConnectionState.busy);
  }
  connections.transactions.add(connection, 1);
  spendRates(s, place, false, nowMs);
  reserveForTask(s, connection, place, false, nowMs);
  noteGrant(s, connection, place, task);
  const transaction = start(s, task, connection, nowMs);
  noteRoom(s, connection);
  s.effects.push({ kind: 'transact', connection: connection as ConnectionHandle, transaction });
}

/** Opens a connection to a place for the task in `s.needs`; everything has room. */
export function grantNew(s: State, site: number, place: Place, task: number, nowMs: number): void {
  const { addresses, connections, counters, sites } = s;
  const { hop, source, limits } = place;
  let address = addresses.find(hop.key);
  if (address < 0) address = addresses.open(hop.key);
  const connection = connections.open(site, place, address, nowMs);
  place.users++;
  connectionOpened(s, connection, site);
  for (const counter of limits.slots) connections.reserve(connection, counter);
  if (s.config.adapt?.enabled === true && isSocketHop(hop)) {
    const name = sites.planOf(site).site;
    connections.reserve(connection, s.windows.open(source, name, s.config.adapt, nowMs));
  }
  const probe = addresses.probeCounter.get(address);
  if (probe >= 0) connections.reserve(connection, probe);
  const policyProbe = addresses.probeOf(place.policyKey);
  if (policyProbe >= 0) connections.reserve(connection, policyProbe);
  spendRates(s, place, true, nowMs);
  reserveForTask(s, connection, place, true, nowMs);
  const { used } = counters;
  const counted = used.get(s.globalCounter) + used.get(s.localCounter) + unansweredCount(s);
  invariant(counted === connections.live, 'connections and slots differ');
  addresses.connections.add(address, 1);
  sites.connections.add(site, 1);
  sites.references.add(site, 1);
  noteGrant(s, connection, place, task);
  s.effects.push({
    kind: 'connect',
    connection: connection as ConnectionHandle,
    site: sites.planOf(site).site,
    hop,
    source,
    domain: s.routes.domainOf(routeOf(s, task)),
    key: s.routes.keyOf(routeOf(s, task)),
    transaction: start(s, task, connection, nowMs),
  });
}

/** Takes the slots that the connection's last transaction needs, and spends its rates. */
function reserveForTask(
  s: State,
  connection: number,
  place: Place,
  isNewConnection: boolean,
  nowMs: number,
): void {
  const { connections, needs } = s;
  const number = connections.transactions.get(connection);
  for (const counter of needs.slots) connections.reserveFor(connection, counter, number);
  if (s.limits.hasPairLimits) {
    const seen: number[] = [];
    for (const [at, route] of needs.routes.entries()) {
      const limits = pairLimitsOf(s, route, place, nowMs);
      for (const counter of limits.slots) connections.reserveFor(connection, counter, number);
      needs.messagesPerConnection = Math.min(needs.messagesPerConnection, limits.messagesPerConnection);
      spendRatesOf(s, limits, needs.routeRecipients[at] ?? 1, isNewConnection, nowMs, seen);
    }
  }
}

function noteGrant(s: State, connection: number, place: Place, task: number): void {
  const { connections, needs } = s;
  const most = Math.min(needs.messagesPerConnection, place.limits.messagesPerConnection);
  connections.mostTransactions.set(connection, most);
  nameRoute(s, connection, routeOf(s, task));
}

/** Sets the route of the connection's last task; -1: none. The route is not forgotten while a connection names it. */
export function nameRoute(s: State, connection: number, route: number): void {
  const before = s.connections.route.get(connection);
  if (before >= 0) s.routes.connections.add(before, -1);
  if (route >= 0) s.routes.connections.add(route, 1);
  s.connections.route.set(connection, route);
}

/** Takes the task out of its queue and puts it on the way. */
function start(s: State, task: number, connection: number, nowMs: number): Transaction {
  const { recipients, tasks } = s;
  tasks.due.take(task);
  dequeue(s, routeOf(s, task), task);
  tasks.state.set(task, TaskState.active);
  tasks.dueMs.set(task, nowMs);
  setOut(s, connection, task);
  const list: number[] = [];
  let recipient = tasks.firstRecipient.get(task);
  for (; recipient >= 0; recipient = recipients.next.get(recipient)) {
    list.push(recipients.envelopeIndex.get(recipient));
  }
  const { mostTransactions, transactions } = s.connections;
  const isLast = transactions.get(connection) >= mostTransactions.get(connection);
  return { message: tasks.messageOf(task) as MessageHandle, recipients: list, isLast };
}
