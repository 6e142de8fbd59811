// What the outside sees of us, against every limit of the configuration: connections at once for each key, what was
// begun in every window of a rate, messages on a connection, recipients at once. Counted from the effects alone and kept
// apart from the scheduler's own counters, so that it can be judged by this. Fails at the first excess. After a limit was
// lowered an excess may only shrink: no new connection, and no new message on one that is too many.

import { isIPv6 } from 'node:net';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { ConnectionHandle, Effect, SchedulerConfig } from '../../src/schedule/types.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { check, type Ledger } from './ledger.ts';
import { RateBooks, rateQuantities, type Spent } from './rate-books.ts';
import { holding, type Facts, type Holding, type SetQuantity } from './rule-matching.ts';

/** Ms without a greeting after which a connection may stand beside the limit of all. */
const asideMs = 150;

interface Open {
  readonly openedAtMs: number;
  /** Has a transaction on it been answered? */
  isAnswered: boolean;
  /** One for each domain of its last transaction. */
  facts: readonly Facts[];
  /** What it counts in, with the limits. */
  keys: ReadonlyMap<string, LimitRule>;
  isClosing: boolean;
  messages: number;
  /** After so many it is closed: what held for its last message. */
  mostMessages: number;
  spent: readonly Spent[];
}

export class Books extends Witness {
  readonly #ledger: Ledger;
  #config: SchedulerConfig;
  /** What holds for facts that were asked for before. */
  #known = new Map<string, readonly Holding[]>();
  readonly #open = new Map<Visit, Open>();
  readonly #byHandle = new Map<ConnectionHandle, Open>();
  readonly #counts = new Map<string, number>();
  /** Of them, those that were told to close. */
  readonly #closing = new Map<string, number>();
  readonly #rates = new RateBooks();
  #hasSeenDead = false;
  /** How often each quantity of a limit was judged: a judge that never judges is found by this. */
  readonly judged = new Map<SetQuantity, number>();

  constructor(config: SchedulerConfig, ledger: Ledger) {
    super();
    this.#config = config;
    this.#ledger = ledger;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && [...this.#counts.values()].every((count) => count === 0);
  }

  /** Other limits from now on. What is over them stays until it closes. */
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
    check(open !== undefined && !open.isClosing, () => 'a connection is closed that is not open');
    open.isClosing = true;
    for (const key of open.keys.keys()) add(this.#closing, key, 1);
  }

  override opened(visit: Visit, nowMs: number): void {
    const { ip, source } = visit;
    const { sources = [''], limits } = this.#config;
    check(sources.includes(source), () => `a connection from "${source}", which is no source`);
    check(source === '' || isIPv6(source) === isIPv6(ip), () => `a connection from ${source} to ${ip}`);
    const open: Open = {
      openedAtMs: nowMs,
      isAnswered: false,
      facts: [],
      keys: new Map(),
      isClosing: false,
      messages: 0,
      mostMessages: 1,
      spent: [],
    };
    this.#open.set(visit, open);
    this.#byHandle.set(visit.connection, open);
    const { size } = this.#open;
    const most = limits.global + (this.#mayExceed(nowMs) ? (limits.unanswered ?? 0) : 0);
    check(size <= most, () => `${size} connections in all, allowed ${most}`);
  }

  override refused(): void {
    this.#hasSeenDead = true;
  }

  /** More than the limit of all may be there once a connection has hung or failed. */
  #mayExceed(nowMs: number): boolean {
    this.#hasSeenDead ||= [...this.#open.values()].some(
      ({ isAnswered, openedAtMs }) => !isAnswered && openedAtMs + asideMs <= nowMs,
    );
    return this.#hasSeenDead;
  }

  override answered(visit: Visit): void {
    const open = this.#open.get(visit);
    if (open !== undefined) open.isAnswered = true;
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
    this.#count(open, facts);
    for (const [key, rule] of open.keys) this.#checkConnections(key, rule, isFirst);
    this.#checkSizes(open, recipients.length);
    open.spent = this.#spend(facts, message, recipients, isFirst, nowMs);
  }

  override unsent(visit: Visit): void {
    const open = this.#open.get(visit);
    for (const { takeBack } of open?.spent ?? []) takeBack();
    if (open !== undefined) open.spent = [];
  }

  override closed(visit: Visit): void {
    const open = this.#open.get(visit);
    check(open !== undefined, () => 'a connection is closed twice');
    this.#count(open, []);
    this.#open.delete(visit);
    this.#byHandle.delete(visit.connection);
  }

  /** One for each domain: recipients of one message may go to several at one site. */
  #factsOf({ site, host, ip, source }: Visit, message: number, recipients: readonly number[]): Facts[] {
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

  /** The connection counts for these facts from now on; nothing is judged. */
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

  /** A connection that is used again is not one of too many when enough of the others are closing. */
  #checkConnections(key: string, { connections = 0, origin }: LimitRule, isNew: boolean): void {
    const open = (this.#counts.get(key) ?? 0) - (isNew ? 0 : (this.#closing.get(key) ?? 0));
    check(open <= connections, () => `${open} connections for ${key}, allowed ${connections} (${origin})`);
  }

  #checkSizes(open: Open, recipients: number): void {
    const { transactionsPerConnection, recipientsPerTransaction } = this.#config;
    check(
      open.messages < open.mostMessages,
      () => `message ${open.messages + 1} of a connection, allowed ${open.mostMessages}`,
    );
    open.messages++;
    open.mostMessages = transactionsPerConnection;
    let mostRecipients = recipientsPerTransaction;
    for (const each of open.facts) {
      for (const { rule } of this.#holding('messagesPerConnection', each))
        open.mostMessages = Math.min(open.mostMessages, rule.messagesPerConnection!);
      for (const { rule } of this.#holding('recipientsPerMessage', each))
        mostRecipients = Math.min(mostRecipients, rule.recipientsPerMessage!);
    }
    check(recipients <= mostRecipients, () => `${recipients} recipients at once, allowed ${mostRecipients}`);
  }

  /** Those of the message come back when it was never sent; a connection was made all the same. */
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
      // A transaction is one message and one connection, however many of its domains share the limit.
      const units = new Map<string, { readonly rule: LimitRule; units: number }>();
      for (const each of facts) {
        const own = recipients.filter((index) => rows[index]!.domain === each.domain).length;
        for (const { rule, key } of this.#holding(quantity, each)) {
          const before = units.get(key)?.units ?? 0;
          units.set(key, { rule, units: quantity === 'recipientRate' ? before + own : 1 });
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

function add<Key>(counts: Map<Key, number>, key: Key, change: number): void {
  counts.set(key, (counts.get(key) ?? 0) + change);
}
