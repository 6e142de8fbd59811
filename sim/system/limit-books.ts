// Connections as destinations see them, against every limit: counted at the destinations alone. A grant takes a while to
// become a connection, so what opens is judged by the limits that held when the latest of those that are open was granted.

import type { LimitRule } from '../../src/schedule/limits/types.ts';
import { check } from '../world/ledger.ts';
import type { LimitsInForce } from './limits-in-force.ts';
import { keysOf, type VisitPlace, type VisitTransaction } from './limit-keys.ts';

/** A connection, from the first packet to the last. */
export interface Visit {
  readonly name: string;
  readonly sender: object;
  readonly place: VisitPlace;
  /** The transactions that have begun and have no results, and while it is opened, the first. */
  readonly carries: VisitTransaction[];
  /** What held when the last of them was granted, and a number that grows with each grant. */
  limits: LimitsInForce;
  grant: number;
}

/** Tells which connections were told to close. */
export interface ClosingConnections {
  isClosing(name: string): boolean;
}

/** What a limit counts, for the numbers of those that were seen in full use. */
export type LimitKind = 'group' | 'network' | 'source' | 'tenant' | 'other';

export class LimitBooks {
  readonly open = new Set<Visit>();
  readonly #grants: ClosingConnections;
  readonly #becameFull: (sender: object) => void;
  judged = 0;
  /** How often a limit of each kind was seen in full use, with more than one connection or none to spare. */
  readonly full: Record<LimitKind, number> = { group: 0, network: 0, source: 0, tenant: 0, other: 0 };

  /** @param becameFull - told of the sender whose connection was the last that a limit allows */
  constructor(grants: ClosingConnections, becameFull: (sender: object) => void = () => undefined) {
    this.#grants = grants;
    this.#becameFull = becameFull;
  }

  opened(visit: Visit): void {
    this.open.add(visit);
    this.#judgeAll();
    this.#judge(visit, [...this.open]);
  }

  /** Another transaction on an open connection, which is none of too many if enough of the others were told to close. */
  used(visit: Visit): void {
    this.#judge(
      visit,
      [...this.open].filter(({ name }) => !this.#grants.isClosing(name)),
    );
  }

  closed(visit: Visit): void {
    this.open.delete(visit);
  }

  #judgeAll(): void {
    const visits = [...this.open];
    const { isSure, most } = latest(visits).limits;
    if (!isSure) return;
    check(visits.length <= most, () => `${visits.length} connections in all, allowed ${most}`);
    const [visit] = visits.slice(-1);
    const own = visits.filter(({ sender }) => sender === visit?.sender);
    const { perSender } = latest(own).limits;
    check(own.length <= perSender, () => `${own.length} connections of one sender, allowed ${perSender}`);
  }

  #judge(visit: Visit, open: readonly Visit[]): void {
    if (!visit.limits.isSure) return;
    this.judged++;
    for (const [key, rule] of connectionKeysOf(visit, visit.limits)) {
      const counted = open.filter((other) => connectionKeysOf(other, visit.limits).has(key));
      // All of them were told to close, with this one: what it was granted before that is its last.
      if (counted.length === 0) continue;
      const last = latest(counted);
      if (!last.limits.isSure) continue;
      const allowed = connectionKeysOf(last, last.limits).get(key)?.connections ?? Infinity;
      check(counted.length <= allowed, () => `${counted.length} connections for ${key}, allowed ${allowed}`);
      if (counted.length !== allowed) continue;
      this.full[kindOf(rule)]++;
      this.#becameFull(visit.sender);
    }
  }
}

function latest(visits: readonly Visit[]): Visit {
  const [first] = visits;
  if (first === undefined) throw new Error('nothing is open');
  return visits.reduce((last, visit) => (visit.grant > last.grant ? visit : last), first);
}

/** What it counts for under these limits: all that it carries, and without anything, its place alone. */
function connectionKeysOf({ carries, place }: Visit, { rules }: LimitsInForce): Map<string, LimitRule> {
  const keys = new Map<string, LimitRule>();
  for (const transaction of carries.length === 0 ? [nothing] : carries) {
    for (const [key, rule] of keysOf(rules, 'connections', place, transaction)) keys.set(key, rule);
  }
  return keys;
}

const nothing: VisitTransaction = { domains: [], tenant: undefined };

function kindOf({ match, per }: LimitRule): LimitKind {
  if (per.includes('tenant') || match.tenant !== undefined) return 'tenant';
  if (per.includes('source') || match.source !== undefined) return 'source';
  if (per.includes('network')) return 'network';
  return per.length === 0 ? 'group' : 'other';
}
