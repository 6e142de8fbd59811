// Connections as destinations see them, against every limit: counted at the destinations alone. A grant takes a while to
// become a connection, so what opens is judged by the limits that held when the latest of those that are open was granted.

import type { LimitKey, LimitRule } from '../../src/schedule/limits/types.ts';
import { check } from '../world/ledger.ts';
import { holding, type Facts } from '../world/rule-matching.ts';

/** What holds from some moment on. */
export interface LimitsInForce {
  /** Connections in all, those included that nobody has answered yet. */
  readonly most: number;
  readonly rules: readonly LimitRule[];
  /** Connections of one sender process. */
  readonly perSender: number;
}

/** A connection, from the first packet to the last. */
export interface Visit {
  readonly name: string;
  readonly sender: object;
  readonly place: Omit<Facts, 'domain' | 'tenant'>;
  /** Domains of the transaction in hand. */
  domains: readonly string[];
  /** What held when that was granted, and a number that grows with each grant. */
  limits: LimitsInForce;
  grant: number;
}

/** Tells which connections were told to close. */
export interface ClosingConnections {
  isClosing(name: string): boolean;
}

/** Keys that look at the message: an idle connection counts for none of them here. */
const ofMessages: ReadonlySet<LimitKey> = new Set(['domain', 'tenant']);

export class LimitBooks {
  readonly open = new Set<Visit>();
  readonly #grants: ClosingConnections;
  judged = 0;

  constructor(grants: ClosingConnections) {
    this.#grants = grants;
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
    const { most } = latest(visits).limits;
    check(visits.length <= most, () => `${visits.length} connections in all, allowed ${most}`);
    const [visit] = visits.slice(-1);
    const own = visits.filter(({ sender }) => sender === visit?.sender);
    const { perSender } = latest(own).limits;
    check(own.length <= perSender, () => `${own.length} connections of one sender, allowed ${perSender}`);
  }

  #judge(visit: Visit, open: readonly Visit[]): void {
    this.judged++;
    for (const key of keysOf(visit, visit.limits).keys()) {
      const counted = open.filter((other) => keysOf(other, visit.limits).has(key));
      const last = latest(counted);
      const allowed = keysOf(last, last.limits).get(key)?.connections ?? Infinity;
      check(counted.length <= allowed, () => `${counted.length} connections for ${key}, allowed ${allowed}`);
    }
  }
}

function latest(visits: readonly Visit[]): Visit {
  const [first] = visits;
  if (first === undefined) throw new Error('nothing is open');
  return visits.reduce((last, visit) => (visit.grant > last.grant ? visit : last), first);
}

/** What it counts for under these limits. */
function keysOf(visit: Visit, { rules }: LimitsInForce): Map<string, LimitRule> {
  const keys = new Map<string, LimitRule>();
  const place = rules.filter(({ per }) => !per.some((key) => ofMessages.has(key)));
  const message = rules.filter(({ per }) => per.some((key) => ofMessages.has(key)));
  for (const each of holding(place, 'connections', { ...visit.place, domain: '', tenant: '' })) {
    keys.set(each.key, each.rule);
  }
  for (const domain of visit.domains) {
    for (const each of holding(message, 'connections', { ...visit.place, domain, tenant: '' })) {
      keys.set(each.key, each.rule);
    }
  }
  return keys;
}
