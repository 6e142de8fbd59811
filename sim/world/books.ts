// What the outside sees of us, against every limit of the configuration: connections at once for each key, and what was
// begun in every window of a rate. Counted from the effects alone and kept apart from the scheduler's own counters, so
// that it can be judged by this. Fails at the first excess. After a limit was lowered, an excess may only shrink.

import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { ConnectionHandle, Effect, SchedulerConfig } from '../../src/schedule/types.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { check, type Ledger } from './ledger.ts';
import { holding, type Facts, type Holding, type SetQuantity } from './rule-matching.ts';

interface Open {
  /** Keys of `connections` that it counts in. */
  keys: ReadonlySet<string>;
  isClosing: boolean;
  messages: number;
}

interface Unit {
  readonly atMs: number;
  readonly units: number;
}

/** What was counted in the windows of rates for a transaction, to be taken back when it was never tried. */
type Spent = { readonly window: Unit[]; readonly unit: Unit }[];

export class Books extends Witness {
  readonly #ledger: Ledger;
  #limits: SchedulerConfig['limits'];
  #rules: readonly LimitRule[];
  /** What holds for facts that were asked for before. */
  #known = new Map<string, readonly Holding[]>();
  readonly #open = new Map<Visit, Open>();
  readonly #byHandle = new Map<ConnectionHandle, Open>();
  readonly #counts = new Map<string, number>();
  readonly #closing = new Map<string, number>();
  #windows = new Map<string, Unit[]>();
  readonly #spent = new Map<Visit, Spent>();
  #total = 0;
  #recipientsPerTransaction: number;
  #transactionsPerConnection: number;
  /** Checks of a limit that was set, by quantity: a judge that never judges is found by this. */
  readonly judged = new Map<SetQuantity, number>();

  constructor(config: SchedulerConfig, ledger: Ledger) {
    super();
    this.#ledger = ledger;
    this.#limits = config.limits;
    this.#rules = config.limits.rules;
    this.#recipientsPerTransaction = config.recipientsPerTransaction;
    this.#transactionsPerConnection = config.transactionsPerConnection;
  }

  /** Other limits from now on. What is over them stays until it closes. */
  reconfigure(config: SchedulerConfig): void {
    this.#limits = config.limits;
    this.#rules = config.limits.rules;
    this.#recipientsPerTransaction = config.recipientsPerTransaction;
    this.#transactionsPerConnection = config.transactionsPerConnection;
    this.#known = new Map();
    const counting = new Set(
      this.#rules.filter((rule) => rule.connections !== undefined).map(({ id }) => id),
    );
    for (const [visit, open] of this.#open) {
      // Which limits it counts in may have changed, too.
      const facts = this.#factsOf.get(visit) ?? [];
      this.#move(open, this.#keysOf(facts));
    }
    const ids = new Set(this.#rules.map(({ id }) => id));
    for (const key of this.#windows.keys()) {
      if (!ids.has(ruleIdOf(key))) this.#windows.delete(key);
    }
    for (const key of this.#counts.keys()) {
      if (!counting.has(key.slice(0, key.indexOf(': ')))) this.#counts.delete(key);
    }
  }

  readonly #factsOf = new Map<Visit, readonly Facts[]>();

  override effect(effect: Effect): void {
    if (effect.kind !== 'close') return;
    const open = this.#byHandle.get(effect.connection);
    check(open !== undefined && !open.isClosing, () => 'a connection is closed that is not open');
    open.isClosing = true;
    for (const key of open.keys) this.#closing.set(key, (this.#closing.get(key) ?? 0) + 1);
  }

  override opened(visit: Visit): void {
    const open: Open = { keys: new Set(), isClosing: false, messages: 0 };
    this.#open.set(visit, open);
    this.#byHandle.set(visit.connection, open);
    this.#total += 1;
    const { global } = this.#limits;
    check(this.#total <= global, () => `${this.#total} connections in all, allowed ${global}`);
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
    const facts = this.#factsFor(visit, message, recipients);
    this.#factsOf.set(visit, facts);
    const keys = this.#keysOf(facts);
    this.#move(open, keys);
    for (const key of keys) this.#checkConnections(key, isFirst);
    open.messages += 1;
    this.#checkSizes(open, facts, recipients);
    const spent: Spent = [];
    if (isFirst) this.#spend('connectionRate', facts, () => 1, nowMs);
    spent.push(...this.#spend('messageRate', facts, () => 1, nowMs));
    const { recipients: rows } = this.#ledger.message(message);
    spent.push(
      ...this.#spend(
        'recipientRate',
        facts,
        ({ domain }) => recipients.filter((index) => rows[index]!.domain === domain).length,
        nowMs,
      ),
    );
    this.#spent.set(visit, spent);
  }

  override unsent(visit: Visit): void {
    for (const { window, unit } of this.#spent.get(visit) ?? []) {
      const at = window.indexOf(unit);
      if (at >= 0) window.splice(at, 1);
    }
    this.#spent.delete(visit);
  }

  override closed(visit: Visit): void {
    const open = this.#open.get(visit);
    check(open !== undefined, () => 'a connection is closed twice');
    this.#total -= 1;
    this.#move(open, new Set());
    this.#open.delete(visit);
    this.#byHandle.delete(visit.connection);
    this.#factsOf.delete(visit);
    this.#spent.delete(visit);
  }

  /** Rates begin anew: for a scheduler that was started without its state. */
  forgetRates(): void {
    this.#windows = new Map();
  }

  get isEmpty(): boolean {
    return (
      this.#total === 0 && this.#open.size === 0 && [...this.#counts.values()].every((count) => count === 0)
    );
  }

  /** One for each domain: recipients of one message may go to several at one site. */
  #factsFor({ site, host, ip, source }: Visit, message: number, recipients: readonly number[]): Facts[] {
    const { queue, recipients: rows } = this.#ledger.message(message);
    const domains = new Set(recipients.map((index) => rows[index]!.domain));
    return [...domains].map((domain) => ({ domain, queue, site, mx: host, ip, source }));
  }

  #holding(quantity: SetQuantity, facts: Facts): readonly Holding[] {
    const { domain, queue, site, mx, ip, source } = facts;
    const name = `${quantity} ${domain} ${queue} ${site} ${mx} ${ip} ${source}`;
    let known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, (known = holding(this.#rules, quantity, facts)));
    if (known.length > 0) this.judged.set(quantity, (this.judged.get(quantity) ?? 0) + 1);
    return known;
  }

  #keysOf(facts: readonly Facts[]): Set<string> {
    return new Set(facts.flatMap((each) => this.#holding('connections', each).map(({ key }) => key)));
  }

  #move(open: Open, keys: ReadonlySet<string>): void {
    for (const key of open.keys) {
      if (keys.has(key)) continue;
      this.#counts.set(key, this.#counts.get(key)! - 1);
      if (open.isClosing) this.#closing.set(key, this.#closing.get(key)! - 1);
    }
    for (const key of keys) {
      if (open.keys.has(key)) continue;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
      if (open.isClosing) this.#closing.set(key, (this.#closing.get(key) ?? 0) + 1);
    }
    open.keys = keys;
  }

  /** A connection that is used again may be one of too many while others that close are still there. */
  #checkConnections(key: string, isNew: boolean): void {
    const rule = this.#rules.find(({ id }) => id === ruleIdOf(key))!;
    const allowed = rule.connections!;
    const open = this.#counts.get(key)! - (isNew ? 0 : (this.#closing.get(key) ?? 0));
    check(open <= allowed, () => `${open} connections for ${key}, allowed ${allowed} (${rule.origin})`);
  }

  #checkSizes(open: Open, facts: readonly Facts[], recipients: readonly number[]): void {
    let messages = this.#transactionsPerConnection;
    let most = this.#recipientsPerTransaction;
    for (const each of facts) {
      for (const { rule } of this.#holding('messagesPerConnection', each))
        messages = Math.min(messages, rule.messagesPerConnection!);
      for (const { rule } of this.#holding('recipientsPerMessage', each))
        most = Math.min(most, rule.recipientsPerMessage!);
    }
    check(open.messages <= messages, () => `${open.messages} messages on a connection, allowed ${messages}`);
    check(recipients.length <= most, () => `${recipients.length} recipients at once, allowed ${most}`);
  }

  #spend(
    quantity: 'connectionRate' | 'messageRate' | 'recipientRate',
    facts: readonly Facts[],
    unitsOf: (facts: Facts) => number,
    nowMs: number,
  ): Spent {
    const units = new Map<string, { readonly rule: LimitRule; units: number }>();
    for (const each of facts) {
      for (const { rule, key } of this.#holding(quantity, each)) {
        const before = units.get(key)?.units ?? 0;
        const more = unitsOf(each);
        // A transaction is one message and one connection, however many of its domains share the limit.
        units.set(key, { rule, units: quantity === 'recipientRate' ? before + more : 1 });
      }
    }
    return [...units].map(([key, { rule, units: count }]) => {
      const name = `${quantity} ${key}`;
      let window = this.#windows.get(name);
      if (window === undefined) this.#windows.set(name, (window = []));
      const { count: allowed, perMs } = rule[quantity]!;
      const unit = { atMs: nowMs, units: count };
      const begins = window.findIndex(({ atMs }) => atMs > nowMs - perMs);
      window.splice(0, begins < 0 ? window.length : begins);
      window.push(unit);
      const sum = window.reduce((total, each) => total + each.units, 0);
      check(sum <= allowed, () => `${sum} of ${name} in ${perMs} ms, allowed ${allowed} (${rule.origin})`);
      return { window, unit };
    });
  }
}

/** The id in a key, with or without a quantity before it. */
function ruleIdOf(key: string): string {
  const name = key.slice(0, key.indexOf(': '));
  return /^(?:connectionRate|messageRate|recipientRate) (.*)$/u.exec(name)?.[1] ?? name;
}
