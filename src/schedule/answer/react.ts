// What the scheduler learns from a destination's answers: how many connections are accepted, when to pause, and when a reply
// means something else than its code says. The rules are data in adapt/; this file carries them out.

import { firstReaction } from '../adapt/match-reply.ts';
import type { ReactionRule } from '../adapt/types.ts';
import type { Refusal } from '../../message/refusal.ts';
import { refusalText } from '../../message/refusal-text.ts';
import { replyText } from '../../protocol/smtp/client/reply-text.ts';
import { isReachable } from '../grant/choose-place.ts';
import { Dimension } from '../store/counters.ts';
import { restMs } from '../work/retry.ts';
import { closeIdle, closeSurplus } from '../grant/close.ts';
import type { LoginLack } from '../../values/login-outcome.ts';
import type { State } from '../state.ts';
import type { RecipientResult } from '../types.ts';

/** Ms for which the window of a source stays cut after a failure that no rule matches. */
const usualHoldMs = 60_000;

/** Rests of a host that refused a password or a token: Fail2ban, for one, bans after five failures in ten minutes. */
const loginRestsMs: readonly number[] = [2 * 60_000, 10 * 60_000, 30 * 60_000, 60 * 60_000];

/** Results with what the rules made of them. */
export interface Reacted {
  readonly results: readonly RecipientResult[];
  /** Recipients that failed for now are tried at another address at once; this counts as no attempt. */
  readonly goesOn: boolean;
  /** The connection is closed: its address rests. */
  readonly leaves: boolean;
}

/** A transaction is over: the window of its source and site grows or shrinks, and rules change results. */
export function reactToResults(
  s: State,
  connection: number,
  results: readonly RecipientResult[],
  grantedAtMs: number,
  nowMs: number,
): Reacted {
  const window = windowOf(s, connection);
  if (results.every(({ result }) => result === 'delivered')) {
    if (window >= 0) s.windows.succeeded(window, nowMs);
    return { results, goesOn: false, leaves: false };
  }
  const { reactions = [] } = s.config;
  const { host } = s.connections.placeOf(connection).hop;
  const seen = new Map<string, ReactionRule | undefined>();
  const ruleOf = (refusal: Refusal): ReactionRule | undefined => {
    if (reactions.length === 0 || refusal.by.kind !== 'remote') return undefined;
    const text = replyText(refusal); // all that rules match, apart from the host, which is the same for all
    if (!seen.has(text)) seen.set(text, firstReaction(reactions, refusal, host));
    return seen.get(text);
  };
  let trouble: ReactionRule | undefined;
  let troubleText = '';
  const changed = results.map((each): RecipientResult => {
    if (each.result === 'delivered') return each;
    const { refusal } = each;
    const rule = ruleOf(refusal);
    if (rule === undefined) return each;
    if (rule.action.kind === 'bounce') return { ...each, refusal: { ...refusal, permanent: true } };
    if (rule.action.kind === 'retry') return { ...each, refusal: { ...refusal, permanent: false } };
    if (trouble === undefined) {
      trouble = rule;
      troubleText = refusalText(refusal);
    }
    return each;
  });
  if (trouble === undefined) {
    // A destination that refuses single messages without complaining about connections accepts those that are open.
    if (window >= 0 && results.some(({ result }) => result === 'delivered'))
      s.windows.succeeded(window, nowMs);
    return { results: changed, goesOn: false, leaves: false };
  }
  carryOut(s, connection, trouble, troubleText, grantedAtMs, nowMs);
  const site = s.connections.site.get(connection);
  const leaves = trouble.action.kind === 'next_host';
  return { results: changed, goesOn: leaves && isReachable(s, site), leaves };
}

/** A connection never became ready: its address rests, and the window is cut if others to the site are established. */
export function reactToFailure(s: State, connection: number, refusal: Refusal, nowMs: number): void {
  const { connections, sites } = s;
  const address = connections.address.get(connection);
  const openedAtMs = connections.openedAtMs.get(connection);
  const { host } = connections.placeOf(connection).hop;
  const rule = firstReaction(s.config.reactions ?? [], refusal, host);
  const error = refusalText(refusal);
  if (rule !== undefined) carryOut(s, connection, rule, error, openedAtMs, nowMs);
  const isFull = sites.established.get(connections.site.get(connection)) > 0;
  const window = windowOf(s, connection);
  if (rule === undefined && isFull && window >= 0) {
    s.windows.troubled(window, openedAtMs, jittered(s, usualHoldMs), error, nowMs);
    closeSurplus(s, window);
  }
  // A host that serves others of our connections and complains about their number is not dead.
  if (rule !== undefined && isFull && rule.action.kind !== 'next_host') return;
  restAfterFailure(s, address, openedAtMs, error, nowMs);
}

/** A host does not have the TLS that a policy demands: it rests for mail with that policy, and for no other mail. */
export function restForPolicy(
  s: State,
  connection: number,
  refusal: Refusal,
  isForNow: boolean,
  nowMs: number,
): void {
  const { addresses, connections } = s;
  const { policyKey } = connections.placeOf(connection);
  const known = addresses.find(policyKey);
  const row = known < 0 ? addresses.open(policyKey) : known;
  addresses.isHopeless.set(row, isForNow ? 0 : 1);
  restAfterFailure(s, row, connections.openedAtMs.get(connection), refusalText(refusal), nowMs);
}

/**
 * A host does not let this side in: it rests for mail with that log-in, and for no other mail. Where the password is wrong, the rests are
 * longer: hosts ban who comes with wrong ones again and again.
 */
export function restForLogin(
  s: State,
  connection: number,
  refusal: Refusal,
  lack: LoginLack,
  nowMs: number,
): void {
  const { addresses, connections } = s;
  const { policyKey } = connections.placeOf(connection);
  const known = addresses.find(policyKey);
  const row = known < 0 ? addresses.open(policyKey) : known;
  addresses.isHopeless.set(row, 0);
  const restsMs = lack === 'refused' || lack === 'no secret' ? loginRestsMs : s.config.addressRestMs;
  restAfterFailure(s, row, connections.openedAtMs.get(connection), refusalText(refusal), nowMs, restsMs);
}

/** Each failure in a row makes the rest longer. */
function restAfterFailure(
  s: State,
  row: number,
  openedAtMs: number,
  error: string,
  nowMs: number,
  restsMs = s.config.addressRestMs,
): void {
  const { addresses, config } = s;
  if (!addresses.isNews(row, openedAtMs)) return;
  const rest = restMs(restsMs, config.retryJitter, addresses.failures.get(row) + 1, s.random);
  addresses.rest(row, nowMs, rest, error);
}

function carryOut(
  s: State,
  connection: number,
  { action }: ReactionRule,
  error: string,
  sinceMs: number,
  nowMs: number,
): void {
  const window = windowOf(s, connection);
  switch (action.kind) {
    case 'slow':
      if (window >= 0) s.windows.troubled(window, sinceMs, jittered(s, action.forMs), error, nowMs);
      break;
    case 'pause':
      if (window >= 0) s.windows.paused(window, jittered(s, action.forMs), error, nowMs);
      break;
    case 'next_host':
      leaveAddress(s, connection, jittered(s, action.forMs), error, nowMs);
      break;
    default:
      break;
  }
  if (window >= 0) closeSurplus(s, window);
}

/** With jitter, so that not everything starts again at the same time. */
function jittered(s: State, ms: number): number {
  return restMs([ms], s.config.retryJitter, 1, s.random);
}

/** The connection's address rests for some time, and idle connections to it are closed. */
function leaveAddress(s: State, connection: number, forMs: number, error: string, nowMs: number): void {
  const { addresses, connections, sites } = s;
  const address = connections.address.get(connection);
  addresses.rest(address, nowMs, forMs, error);
  let idle = sites.firstIdle.get(connections.site.get(connection));
  while (idle >= 0) {
    const next = connections.siteUsable.next.get(idle);
    if (connections.address.get(idle) === address) closeIdle(s, idle);
    idle = next;
  }
}

/** The counter of the connection's window; -1: adaptation is off. */
function windowOf(s: State, connection: number): number {
  return s.connections.heldOf(connection, Dimension.window);
}
