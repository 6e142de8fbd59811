// What senders report: connections that are ready, transactions that are over, connections that have ended.

import {
  connectionRefusal,
  localFault,
  localRefusal,
  type Peer,
  type Refusal,
} from '../../message/refusal.ts';
import { encodeRefusal } from '../../message/refusal-form.ts';
import { refusalText } from '../../message/refusal-text.ts';
import { isReachable } from '../grant/choose-place.ts';
import { reactToFailure, reactToResults, restForLogin, restForPolicy, type Reacted } from './react.ts';
import { ConnectionState } from '../store/connections.ts';
import { Dimension } from '../store/counters.ts';
import { putBack } from '../work/gather.ts';
import { nameRoute } from '../grant/grant.ts';
import { connectionGone, connectionGreeted, isGivenUp } from '../reserve/unanswered.ts';
import { mayBeDone, freeRecipient, freeTask, setRecipients } from '../work/lifecycle.ts';
import { forgetPlaces, leavePlace, releaseSite } from '../reserve/places.ts';
import { close, makeRoom, startClosing } from '../grant/close.ts';
import { leaveRoom, noteRoom, offer, oldestNumber, takeOldest } from '../reserve/on-the-way.ts';
import { countAttempt, deferTask, failTask, setLastRefusal } from '../work/settle.ts';
import { isWantedByVisit } from '../grant/visit-line.ts';
import { restSource, sourceRestMs } from '../grant/source-rests.ts';
import { policyKeyOf } from '../store/place.ts';
import type { State } from '../state.ts';
import type { TlsOutcome } from '../../values/tls-outcome.ts';
import type { ConnectionEnd, MessageHandle, RecipientResult } from '../types.ts';

/** The host answers, and does not have the TLS that the policy of the hop demands. */
type FailedTls = Extract<TlsOutcome, { readonly kind: 'failed' }>;

/** A connection is quick when a transaction has its results within this time after its grant. */
const quickMs = 2_000;

/** A transaction was over without a word about this recipient. */
const noResult = localFault('queue', 'no result');

/** Greeting and EHLO are through. @param depth - how many transactions may be on the way on the connection */
export function becameReady(s: State, connection: number, depth: number, nowMs: number): void {
  const { addresses, connections, sites } = s;
  if (connections.state.get(connection) !== ConnectionState.connecting) return;
  connections.state.set(connection, ConnectionState.busy);
  sites.established.add(connections.site.get(connection), 1);
  addresses.succeeded(connections.address.get(connection));
  addresses.policySucceeded(connections.placeOf(connection).policyKey);
  connections.releaseDimension(connection, Dimension.probe);
  if (connectionGreeted(s, connection, nowMs)) makeRoom(s, s.globalCounter);
  const window = connections.heldOf(connection, Dimension.window);
  if (window >= 0) s.windows.greeted(window);
  connections.heardAtMs.set(connection, nowMs);
  if (depth < 2) return;
  connections.depth.set(connection, depth);
  noteRoom(s, connection);
  offer(s, connection);
}

/** The oldest transaction on the way is over; the connection goes on to the next one, idles, or closes. */
export function finishTransaction(
  s: State,
  connection: number,
  results: readonly RecipientResult[],
  reusable: boolean,
  nowMs: number,
): void {
  const { connections } = s;
  becameReady(s, connection, 1, nowMs);
  const number = oldestNumber(s, connection);
  if (number > 1) connections.releaseFormer(connection, number);
  connections.heardAtMs.set(connection, nowMs);
  const task = takeOldest(s, connection);
  const grantedAtMs = s.tasks.dueMs.get(task);
  if (connections.depth.get(connection) > 1) {
    connections.isQuick.set(connection, nowMs - grantedAtMs <= quickMs ? 1 : 0);
  }
  const reaction = reactToResults(s, connection, results, grantedAtMs, nowMs);
  settleResults(s, task, reaction, nowMs);
  const isLast = connections.onTheWay.get(connection) === 0;
  if (connections.state.get(connection) === ConnectionState.closing) {
    // It was told to close, or it said so itself, while several transactions were on the way.
  } else if (!reusable) {
    startClosing(s, connection);
  } else if (
    reaction.leaves ||
    (isLast && connections.transactions.get(connection) >= connections.mostTransactions.get(connection)) ||
    connections.isOverLimit(connection) ||
    isWantedByVisit(s, connection)
  ) {
    close(s, connection);
  } else {
    if (isLast) connections.markIdle(connection, nowMs);
    noteRoom(s, connection);
    if (isLast) s.sites.addIdle(connections.site.get(connection), connection);
    offer(s, connection);
  }
}

/** The connection has ended: its slots are free, and what was on the way on it is tried again. */
export function endConnection(s: State, connection: number, end: ConnectionEnd, nowMs: number): void {
  const { addresses, connections, sites } = s;
  const state = connections.state.get(connection);
  const site = connections.site.get(connection);
  const address = connections.address.get(connection);
  const number = oldestNumber(s, connection);
  const task = connections.firstTask.get(connection);
  const failed = state === ConnectionState.connecting;
  const failedTls = failedPolicy(end);
  const failedLogin = end.kind === 'failed' ? end.login : undefined;
  const isLocal = end.kind === 'failed' && end.refusal.by.kind === 'local';
  const wasGivenUp = failed && isGivenUp(s, connection);
  const { hop, policyKey, source } = connections.placeOf(connection);
  const refusal = failed ? refusalOf(end, hop, wasGivenUp) : undefined;
  if (refusal !== undefined && failedLogin !== undefined) {
    addresses.succeeded(address);
    restForLogin(s, connection, refusal, failedLogin.lack, nowMs);
  } else if (refusal !== undefined && isLocal) {
    if (!restSource(s, source, hop, nowMs)) {
      addresses.rest(address, nowMs, sourceRestMs(s), refusalText(refusal));
    }
  } else if (refusal !== undefined && policyKey !== '' && failedTls !== undefined) {
    addresses.succeeded(address);
    restForPolicy(s, connection, refusal, failedTls.lack === 'for now', nowMs);
  } else if (refusal !== undefined) {
    reactToFailure(s, connection, refusal, nowMs);
  }
  if (state === ConnectionState.idle) {
    connections.removeFromIdle(connection);
    sites.removeIdle(site, connection);
  }
  leaveRoom(s, connection);
  if (failed) connectionGone(s, connection, isLocal, nowMs);
  else sites.established.add(site, -1);
  leavePlace(s, connections.placeOf(connection));
  nameRoute(s, connection, -1);
  connections.free(connection);
  addresses.connections.add(address, -1);
  if (sites.connections.add(site, -1) === 0) forgetPlaces(s, site);

  // Each goes to the head of its queue, so the last one first.
  for (let last = s.tasks.queue.last(task); last !== task; last = s.tasks.queue.last(task)) {
    s.tasks.queue.remove(task, last);
    putBack(s, last, nowMs);
  }
  if (task < 0) {
    // No transaction was under way.
  } else if (
    refusal !== undefined &&
    !isLocal &&
    !wasGivenUp &&
    !isReachable(s, site) &&
    sites.established.get(site) === 0
  ) {
    if (failedTls !== undefined && isRequireTlsHopeless(s, site))
      failTask(s, task, requireTlsRefusal(refusal, failedTls), false);
    else deferTask(s, task, refusal, nowMs);
  } else if (failed || (end.kind === 'closed' && number > 1)) {
    // Another address may work; or the host closed while the grant was on its way, which says nothing about the message.
    putBack(s, task, nowMs);
  } else {
    const text = 'connection closed before the transaction';
    deferTask(s, task, end.kind === 'failed' ? end.refusal : connectionRefusal(hop, 'idle', text), nowMs);
  }
  addresses.mayBeUnused(address);
  releaseSite(s, site);
}

function failedPolicy(end: ConnectionEnd): FailedTls | undefined {
  return end.kind === 'failed' && end.tls?.kind === 'failed' ? end.tls : undefined;
}

/**
 * RFC 8689 4.2.1: when each host was reached, and none can take a message with REQUIRETLS, it goes back at once, also when only a
 * certificate cannot be verified. It waits for a host that cannot be reached, or whose TLS broke.
 */
function isRequireTlsHopeless(s: State, site: number): boolean {
  return s.sites
    .planOf(site)
    .addresses.every(
      (hop) => hop.tls?.needsRequireTls === true && s.addresses.isHopelessFor(policyKeyOf(hop)),
    );
}

/** RFC 8689 4.2.1: 5.7.30, REQUIRETLS needed; 5.7.10, encryption needed, where TLS cannot be had or the host is not verified. */
function requireTlsRefusal(refusal: Refusal, { lack }: FailedTls): Refusal {
  const enhanced = lack === 'requiretls' ? '5.7.30' : '5.7.10';
  const text = `the message requires TLS on its whole way (REQUIRETLS), and no host of the domain can do that: ${refusalText(refusal)}`;
  return localRefusal({ during: 'routing', code: 550, enhanced, text, permanent: true });
}

function refusalOf(end: ConnectionEnd, hop: Peer, wasGivenUp: boolean): Refusal {
  if (wasGivenUp) {
    return connectionRefusal(hop, 'connect', 'no greeting for seconds, while others waited for a connection');
  }
  if (end.kind === 'failed') return end.refusal;
  return connectionRefusal(hop, 'connect', 'connection closed before it was ready');
}

/** Delivered and failed recipients leave the task. The others stay together for the next attempt, or are tried at once. */
function settleResults(s: State, task: number, { results, goesOn }: Reacted, nowMs: number): void {
  const { effects, recipients, tasks } = s;
  const message = tasks.messageOf(task) as MessageHandle;
  const again: number[] = [];
  let at = 0;
  let row = tasks.firstRecipient.get(task);
  while (row >= 0) {
    const next = recipients.next.get(row);
    const recipient = recipients.envelopeIndex.get(row);
    let result = results[at];
    // Results mostly come in the order of the grant.
    if (result?.recipient === recipient) at++;
    else result = results.find((candidate) => candidate.recipient === recipient);
    if (result?.result === 'delivered') {
      effects.push({ kind: 'delivered', message, recipient });
      freeRecipient(s, row);
    } else if (result?.refusal.permanent === true) {
      const tenant = s.tenants.nameOf(s.routes.tenantOf(recipients.route.get(row)));
      effects.push({ kind: 'failed', message, recipient, refusal: result.refusal, expired: false, tenant });
      freeRecipient(s, row);
    } else {
      setLastRefusal(s, row, encodeRefusal(result?.refusal ?? noResult));
      if (result?.retryInMs !== undefined) recipients.regularMs.set(row, nowMs + result.retryInMs);
      again.push(row);
    }
    row = next;
  }
  if (again.length === 0) {
    freeTask(s, task);
    mayBeDone(s, message);
    return;
  }
  setRecipients(s, task, again);
  if (goesOn) putBack(s, task, nowMs);
  else countAttempt(s, task, nowMs);
}
