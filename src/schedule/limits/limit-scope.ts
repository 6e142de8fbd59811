// The dimensions of limits that look at the same things (the task, the place, or both), and which of their limits are in
// force for something at hand. Promises: no walk over limits that do not match, little garbage.

import {
  CompiledRule,
  kindsOf,
  matchKinds,
  setsConnectionRate,
  setsConnections,
  setsMessageRate,
  setsMessagesPerConnection,
  setsRecipientRate,
  setsRecipientsPerMessage,
} from './compiled-rule.ts';
import { NameMatcher, TextMatcher } from './name-matcher.ts';
import { NetworkMatcher } from './network-matcher.ts';
import {
  unlimited,
  type AppliedLimit,
  type AppliedLimits,
  type LimitKey,
  type LimitRule,
  type PlaceFacts,
  type TaskFacts,
} from './types.ts';
import { networkOf } from './ip-words.ts';

/** Everything that a limit may look at; '' for what is not known in this scope. */
export type Facts = TaskFacts & PlaceFacts;

const nothing: readonly AppliedLimit[] = Object.freeze([]);
const noLimits: AppliedLimits = Object.freeze({
  connections: nothing,
  connectionRate: nothing,
  messageRate: nothing,
  recipientRate: nothing,
  messagesPerConnection: unlimited,
  recipientsPerMessage: unlimited,
});

export class LimitScope {
  readonly #domains = new NameMatcher(matchKinds.indexOf('domain'));
  readonly #sites = new TextMatcher(matchKinds.indexOf('site'));
  readonly #hosts = new NameMatcher(matchKinds.indexOf('mx'));
  readonly #addresses = new NetworkMatcher(matchKinds.indexOf('ip'));
  readonly #sources = new NetworkMatcher(matchKinds.indexOf('source'));
  readonly #queues = new TextMatcher(matchKinds.indexOf('queue'));
  readonly #matchedBy: ReadonlySet<string>;
  /** Of each dimension: the rules that match; between look-ups those that match everything. */
  readonly #dimensions: CompiledRule[][] = [];
  /** How many rules of each dimension match everything. */
  readonly #always: number[] = [];
  readonly #words = new Uint32Array(4);
  #lookUp = 0;

  /** @param dimensions - the rules of each dimension */
  constructor(dimensions: readonly (readonly LimitRule[])[]) {
    const matchedBy = new Set<string>();
    for (const rules of dimensions) {
      const matching: CompiledRule[] = [];
      for (const rule of rules) {
        this.#add(new CompiledRule(rule, matching));
        for (const kind of kindsOf(rule.match)) matchedBy.add(kind);
      }
      this.#dimensions.push(matching);
      this.#always.push(matching.length);
    }
    this.#matchedBy = matchedBy;
  }

  get isEmpty(): boolean {
    return this.#dimensions.length === 0;
  }

  /** The limits in force for these facts. */
  of(facts: Facts): AppliedLimits {
    if (this.#dimensions.length === 0) return noLimits;
    this.#findMatching(facts);
    const applied = new Collected();
    for (let at = 0; at < this.#dimensions.length; at += 1) {
      const matching = this.#dimensions[at];
      if (matching === undefined || matching.length === 0) continue;
      for (const rule of matching) {
        const inForce = quantitiesInForce(rule, matching);
        if (inForce !== 0) this.#apply(rule.rule, inForce, facts, applied);
      }
      matching.length = this.#always[at] ?? 0;
    }
    return applied;
  }

  #findMatching(facts: Facts): void {
    this.#lookUp += 1;
    const lookUp = this.#lookUp;
    const by = this.#matchedBy;
    if (by.size === 0) return;
    if (by.has('domain')) this.#domains.match(facts.domain, lookUp);
    if (by.has('site')) this.#sites.match(facts.site, lookUp);
    if (by.has('mx')) this.#hosts.match(facts.mx, lookUp);
    if (by.has('ip')) this.#addresses.match(facts.ip, lookUp);
    if (by.has('source')) this.#sources.match(facts.source, lookUp);
    if (by.has('queue')) this.#queues.match(facts.queue, lookUp);
  }

  #apply(rule: LimitRule, inForce: number, facts: Facts, to: Collected): void {
    const limit: AppliedLimit = { rule, key: this.#keyOf(rule.per, facts) };
    if (inForce & setsConnections) to.connections = [...to.connections, limit];
    if (inForce & setsConnectionRate) to.connectionRate = [...to.connectionRate, limit];
    if (inForce & setsMessageRate) to.messageRate = [...to.messageRate, limit];
    if (inForce & setsRecipientRate) to.recipientRate = [...to.recipientRate, limit];
    if (inForce & setsMessagesPerConnection) {
      to.messagesPerConnection = Math.min(to.messagesPerConnection, rule.messagesPerConnection ?? unlimited);
    }
    if (inForce & setsRecipientsPerMessage) {
      to.recipientsPerMessage = Math.min(to.recipientsPerMessage, rule.recipientsPerMessage ?? unlimited);
    }
  }

  #keyOf(per: readonly LimitKey[], facts: Facts): string {
    const [first] = per;
    if (first === undefined) return '';
    let key = this.#valueOf(first, facts);
    for (let at = 1; at < per.length; at += 1) key += ` ${this.#valueOf(per[at] ?? first, facts)}`;
    return key;
  }

  #valueOf(key: LimitKey, facts: Facts): string {
    if (key === 'network') return networkOf(facts.ip, this.#words);
    if (key === 'source' && facts.source === '') return 'any';
    return facts[key];
  }

  #add(compiled: CompiledRule): void {
    const { domain, site, mx, ip, source, queue } = compiled.rule.match;
    if (domain !== undefined) this.#domains.add(domain, compiled);
    if (site !== undefined) this.#sites.add(site, compiled);
    if (mx !== undefined) this.#hosts.add(mx, compiled);
    if (ip !== undefined) this.#addresses.add(ip, compiled);
    if (source !== undefined) this.#sources.add(source, compiled);
    if (queue !== undefined) this.#queues.add(queue, compiled);
  }
}

/** Bits of what the rule sets and no other that matches replaces. */
function quantitiesInForce(rule: CompiledRule, matching: readonly CompiledRule[]): number {
  let left = rule.sets;
  if (matching.length === 1) return left;
  for (const other of matching) {
    if ((left & other.sets) !== 0 && other.replaces(rule)) left &= ~other.sets;
  }
  return left;
}

class Collected implements AppliedLimits {
  connections = nothing;
  connectionRate = nothing;
  messageRate = nothing;
  recipientRate = nothing;
  messagesPerConnection = unlimited;
  recipientsPerMessage = unlimited;
}
