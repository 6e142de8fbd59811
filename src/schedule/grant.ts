// Grants: a task gets an idle connection of its site, or the right to open a new one. Everything that applies is reserved
// here, together, after the address is chosen.

import { ipCounterOf } from './choose-address.ts';
import { ConnectionState } from './connections.ts';
import { Dimension } from './counters.ts';
import { dequeue, routeOf } from './lifecycle.ts';
import { domainCounterOf } from './needs.ts';
import { invariant } from './scheduler-error.ts';
import type { State } from './state.ts';
import { TaskState } from './tasks.ts';
import type { ConnectionHandle, MessageHandle, Transaction } from './types.ts';

/** Runs the task on an idle connection of its site; `s.needed` has room or is held by it already. */
export function grantIdle(s: State, connection: number, task: number): void {
  const { connections } = s;
  const site = connections.site.get(connection);
  connections.wasIdle(connection);
  s.sites.removeIdle(site, connection);
  connections.state.set(connection, ConnectionState.busy);
  reserveDomains(s, connection, task);
  connections.releaseDimension(connection, Dimension.domain, s.needed);
  connections.task.set(connection, task);
  connections.transactions.add(connection, 1);
  s.effects.push({
    kind: 'transact',
    connection: connection as ConnectionHandle,
    transaction: start(s, task),
  });
}

/** Opens a connection for the task to the `at`-th address of the site's plan; all its counters have room. */
export function grantNew(s: State, site: number, at: number, task: number, nowMs: number): void {
  const { addresses, connections, counters, sites } = s;
  const hop = sites.planOf(site).addresses[at];
  invariant(hop !== undefined, 'an address that is not in the plan');
  let address = addresses.find(hop.ip, hop.port);
  if (address < 0) address = addresses.open(hop.ip, hop.port, ipCounterOf(s, hop.ip));
  const connection = connections.open(site, address, task, nowMs);
  connections.reserve(connection, s.all);
  connections.reserve(connection, siteCounterOf(s, site));
  connections.reserve(connection, addresses.ipCounter.get(address));
  const probe = addresses.probeCounter.get(address);
  if (probe >= 0) connections.reserve(connection, probe);
  reserveDomains(s, connection, task);
  invariant(counters.used.get(s.all) === connections.live, 'connections and slots differ');
  addresses.connections.add(address, 1);
  sites.connections.add(site, 1);
  sites.references.add(site, 1);
  s.effects.push({
    kind: 'connect',
    connection: connection as ConnectionHandle,
    site: sites.planOf(site).site,
    ip: hop.ip,
    port: hop.port,
    host: hop.host,
    transaction: start(s, task),
  });
}

/** The counter of a site's limit, made if there is none. */
export function siteCounterOf(s: State, site: number): number {
  let counter = s.sites.counter.get(site);
  if (counter < 0) {
    counter = s.counters.open(Dimension.site, s.sites.planOf(site).site, s.config.limits.perSite);
    s.counters.references.add(counter, 1);
    s.sites.counter.set(site, counter);
  }
  return counter;
}

function reserveDomains(s: State, connection: number, task: number): void {
  if (s.needed.length === 0) s.needed.push(domainCounterOf(s, routeOf(s, task)));
  for (let at = 0; at < s.needed.length; at += 1) {
    const counter = s.needed.at(at);
    if (!s.connections.doesHold(connection, counter)) s.connections.reserve(connection, counter);
  }
}

/** Takes the task out of its queue and into flight. */
function start(s: State, task: number): Transaction {
  const { recipients, tasks } = s;
  tasks.due.take(task);
  dequeue(s, routeOf(s, task), task);
  tasks.state.set(task, TaskState.active);
  const list: number[] = [];
  let recipient = tasks.firstRecipient.get(task);
  for (; recipient >= 0; recipient = recipients.next.get(recipient)) {
    list.push(recipients.envelopeIndex.get(recipient));
  }
  return { message: tasks.message.get(task) as MessageHandle, recipients: list };
}
