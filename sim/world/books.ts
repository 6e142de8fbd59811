// Compares what destinations see with every limit of the configuration: connections at once for each key, transactions in
// every window of a rate, messages on a connection, recipients of a transaction. Counts the effects alone and shares nothing
// with the scheduler's own counters, so that it can judge them. Fails at the first excess. After a limit was lowered, an
// excess may only shrink: no new connection, and no new message on a connection above the limit.

import { isIPv6 } from 'node:net';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { ConnectionHandle, Effect, SchedulerConfig } from '../../src/schedule/types.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { check, type Ledger } from './ledger.ts';
import { RateBooks, rateQuantities, type Spent } from './rate-books.ts';
import { holding, type Facts, type Holding, type SetQuantity } from './rule-matching.ts';

/** Ms without a greeting after which a connection may count against the `unanswered` limit. */
const unansweredAfterMs = 150;

interface Open {
  readonly openedAtMs: number;
  /** True once a transaction on it was answered. */
  isAnswered: boolean;
  /** One entry for each domain of the transactions on the way; without any, of the last one. */
  facts: readonly Facts[];
  /** The oldest first. */
  readonly onTheWay: Underway[];
  /** The keys that it counts in, with their limits. */
  keys: ReadonlyMap<string, LimitRule>;
  isClosing: boolean;
  messages: number;
  /** Messages that it may carry, by the limits for its last message. */
  mostMessages: number;
}

/** A transaction that was granted, and has no results. */
interface Underway {
  readonly message: number;
  readonly recipients: readonly number[];
  readonly facts: readonly Facts[];
  readonly spent: readonly Spent[];
}

export class Books extends Witness {
  readonly #ledger: Ledger;
  #config: SchedulerConfig;
  /** Cache of the limits that hold, by quantity and facts. */
  #known = new Map<string, readonly Holding[]>();
  readonly #open = new Map<Visit, Open>();
  readonly #byHandle = new Map<ConnectionHandle, Open>();
  readonly #counts = new Map<string, number>();
  /** Connections of `#counts` that were told to close. */
  readonly #closing = new Map<string, number>();
  readonly #rates = new RateBooks();
  #hasSeenUnanswered = false;
  /** The most transactions that were on the way on one connection. */
  mostOnTheWay = 0;
  /** Connections without mail: so many, and those that are open. */
  visits = 0;
  readonly #visits = new Set<Visit>();
  /** How often each quantity of a limit was judged. Tests check with it that the books judge anything at all. */
  readonly judged = new Map<SetQuantity, number>();

  constructor(config: SchedulerConfig, ledger: Ledger) {
    super();
    this.#config = config;
    this.#ledger = ledger;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && [...this.#counts.values()].every((count) => count === 0);
  }

  /** Sets other limits. Connections above them stay until they close. */
  reconfigure(config: SchedulerConfig): void {
    this.#config = config;
    this.#known = new Map();
    this.#rates.reconfigure(config.limits.rules);
    // Which limits a connection counts in may have changed, too.
    for (const open of this.#open.values()) this.#count(open, open.facts);
  }

  override effect(effect: Effect): void {
    if (effect.kind !== 'close') return;
    const open = this.#byHandle.get(effect.connection);
    check(open !== undefined && !open.isClosing, () => 'a connection that is not open is told to close');
    open.isClosing = true;
    for (const key of open.keys.keys()) add(this.#closing, key, 1);
  }

  override opened(visit: Visit, nowMs: number): void {
    const { source } = visit;
    const { ip } = visit.hop;
    const { sources = [''], limits } = this.#config;
    if (ip === '') {
      check(source === '', () => `a connection from ${source} to ${visit.hop.key}, which has no IP address`);
    } else {
      check(
        sources.includes(source),
        () => `a connection from "${source}", which is not a configured source`,
      );
      check(source === '' || isIPv6(source) === isIPv6(ip), () => `a connection from ${source} to ${ip}`);
    }
    const open: Open = {
      openedAtMs: nowMs,
      isAnswered: false,
      facts: [],
      keys: new Map(),
      isClosing: false,
      messages: 0,
      mostMessages: 1,
      onTheWay: [],
    };
    this.#open.set(visit, open);
    this.#byHandle.set(visit.connection, open);
    const { size } = this.#open;
    const most = limits.global + (this.#mayExceed(nowMs) ? (limits.unanswered ?? 0) : 0);
    check(size <= most, () => `${size} connections in all, allowed ${most}`);
  }

  /** A connection without mail is open. */
  visited(visit: Visit, facts: Facts, nowMs: number): void {
    this.opened(visit, nowMs);
    const open = this.#open.get(visit);
    check(open !== undefined, () => 'a visit is not open');
    this.#count(open, [facts]);
    for (const [key, rule] of open.keys) this.#checkConnections(key, rule, true);
    for (const { rule, key } of this.#holding('connectionRate', facts))
      this.#rates.spend('connectionRate', rule, key, 1, nowMs);
    this.visits++;
    this.#visits.add(visit);
  }

  /** Whoever visits ends with the manager. */
  endVisits(): void {
    for (const visit of this.#visits) this.closed(visit);
  }

  override refused(): void {
    this.#hasSeenUnanswered = true;
  }

  /** Connections above the global limit are allowed once one of them was not greeted for a while, or failed. */
  #mayExceed(nowMs: number): boolean {
    this.#hasSeenUnanswered ||= [...this.#open.values()].some(
      ({ isAnswered, openedAtMs }) => !isAnswered && openedAtMs + unansweredAfterMs <= nowMs,
    );
    return this.#hasSeenUnanswered;
  }

  override answered(visit: Visit): void {
    const open = this.#open.get(visit);
    if (open === undefined) return;
    open.isAnswered = true;
    open.onTheWay.shift();
    if (open.onTheWay.length > 0) this.#count(open, factsOfAll(open.onTheWay));
  }

  override granted(
    visit: Visit,
    message: number,
    recipients: readonly number[],
    isFirst: boolean,
    nowMs: number,
  ): void {
    const open = this.#open.get(visit);
    check(open !== undefined && !open.isClosing, () => 'a transaction on a connection that is closing');
    const facts = this.#factsOf(visit, message, recipients);
    this.#count(open, factsOfAll([...open.onTheWay, { facts }]));
    for (const [key, rule] of open.keys) this.#checkConnections(key, rule, isFirst);
    this.#checkSizes(open, facts, recipients.length);
    const spent = this.#spend(facts, message, recipients, isFirst, nowMs);
    open.onTheWay.push({ message, recipients, facts, spent });
    this.mostOnTheWay = Math.max(this.mostOnTheWay, open.onTheWay.length);
  }

  override unsent(visit: Visit, message: number, recipients: readonly number[]): void {
    const onTheWay = this.#open.get(visit)?.onTheWay ?? [];
    const at = onTheWay.findIndex((each) => each.message === message && each.recipients === recipients);
    const [unsent] = at === -1 ? [] : onTheWay.splice(at, 1);
    for (const { takeBack } of unsent?.spent ?? []) takeBack();
  }

  override closed(visit: Visit): void {
    const open = this.#open.get(visit);
    check(open !== undefined, () => 'a connection is closed twice');
    this.#count(open, []);
    this.#visits.delete(visit);
    this.#open.delete(visit);
    this.#byHandle.delete(visit.connection);
  }

  /** The facts of each domain: recipients of one transaction may be of several domains of one site. */
  #factsOf(
    { site, hop: { host, ip }, source }: Visit,
    message: number,
    recipients: readonly number[],
  ): Facts[] {
    const { tenant, recipients: rows } = this.#ledger.message(message);
    const domains = new Set(recipients.map((index) => rows[index]!.domain));
    return [...domains].map((domain) => ({ domain, tenant, site, mx: host, ip, source }));
  }

  #holding(quantity: SetQuantity, facts: Facts): readonly Holding[] {
    const { domain, tenant, site, mx, ip, source } = facts;
    const name = `${quantity} ${domain} ${tenant} ${site} ${mx} ${ip} ${source}`;
    let known = this.#known.get(name);
    if (known === undefined) {
      known = holding(this.#config.limits.rules, quantity, facts);
      this.#known.set(name, known);
    }
    if (known.length > 0) add(this.judged, quantity, 1);
    return known;
  }

  /** Counts the connection for these facts instead of its earlier ones. Judges nothing. */
  #count(open: Open, facts: readonly Facts[]): void {
    const keys = new Map<string, LimitRule>();
    for (const each of facts) {
      for (const { key, rule } of this.#holding('connections', each)) keys.set(key, rule);
    }
    for (const [change, list] of [
      [-1, open.keys],
      [1, keys],
    ] as const) {
      for (const key of list.keys()) {
        add(this.#counts, key, change);
        if (open.isClosing) add(this.#closing, key, change);
      }
    }
    open.facts = facts;
    open.keys = keys;
  }

  /** Connections that are closing do not stand in the way of one that is used again. */
  #checkConnections(key: string, { connections = 0, origin }: LimitRule, isNew: boolean): void {
    const open = (this.#counts.get(key) ?? 0) - (isNew ? 0 : (this.#closing.get(key) ?? 0));
    check(open <= connections, () => `${open} connections for ${key}, allowed ${connections} (${origin})`);
  }

  #checkSizes(open: Open, facts: readonly Facts[], recipients: number): void {
    const { transactionsPerConnection, recipientsPerTransaction } = this.#config;
    check(
      open.messages < open.mostMessages,
      () => `message ${open.messages + 1} of a connection, allowed ${open.mostMessages}`,
    );
    open.messages++;
    open.mostMessages = transactionsPerConnection;
    let mostRecipients = recipientsPerTransaction;
    for (const each of facts) {
      for (const { rule } of this.#holding('messagesPerConnection', each))
        open.mostMessages = Math.min(open.mostMessages, rule.messagesPerConnection!);
      for (const { rule } of this.#holding('recipientsPerMessage', each))
        mostRecipients = Math.min(mostRecipients, rule.recipientsPerMessage!);
    }
    check(recipients <= mostRecipients, () => `${recipients} recipients at once, allowed ${mostRecipients}`);
  }

  /**
   * Spends units of every rate that holds. Returns those that are taken back when the message is not sent; the unit of a
   * connection is not among them, since the connection was made.
   */
  #spend(
    facts: readonly Facts[],
    message: number,
    recipients: readonly number[],
    isFirst: boolean,
    nowMs: number,
  ): Spent[] {
    const { recipients: rows } = this.#ledger.message(message);
    const spent: Spent[] = [];
    for (const quantity of rateQuantities) {
      if (quantity === 'connectionRate' && !isFirst) continue;
      // A transaction counts as one message and one connection, even when several of its domains share the limit.
      const units = new Map<string, { readonly rule: LimitRule; units: number }>();
      for (const each of facts) {
        const ofDomain = recipients.filter((index) => rows[index]!.domain === each.domain).length;
        for (const { rule, key } of this.#holding(quantity, each)) {
          const before = units.get(key)?.units ?? 0;
          units.set(key, { rule, units: quantity === 'recipientRate' ? before + ofDomain : 1 });
        }
      }
      for (const [key, { rule, units: count }] of units) {
        const one = this.#rates.spend(quantity, rule, key, count, nowMs);
        if (quantity !== 'connectionRate') spent.push(one);
      }
    }
    return spent;
  }
}

/** One entry for each domain. */
function factsOfAll(transactions: readonly Pick<Underway, 'facts'>[]): Facts[] {
  const all = new Map<string, Facts>();
  for (const { facts } of transactions)
    for (const each of facts) all.set(`${each.domain} ${each.tenant}`, each);
  return [...all.values()];
}

function add<Key>(counts: Map<Key, number>, key: Key, change: number): void {
  counts.set(key, (counts.get(key) ?? 0) + change);
}
