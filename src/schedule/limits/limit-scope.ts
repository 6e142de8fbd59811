// The dimensions of limits that look at the same things (the task, the place, or both), and which of their limits are in
// force there. Promises: limits that do not match are not visited, and little garbage is made.

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
import { type AddressBits, readAddress } from '../../values/address-bits.ts';
import { networkAroundBits } from '../../values/network.ts';

/** Everything that a limit may look at; '' for what is not known in this scope. */
export type Facts = TaskFacts & PlaceFacts & { readonly queue: string };

const [byDomain, bySite, byMx, byIp, bySource, byTenant, byQueue] = [1, 2, 4, 8, 16, 32, 64];

const nothing: AppliedLimit[] = [];
Object.freeze(nothing);
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
  readonly #tenants = new TextMatcher(matchKinds.indexOf('tenant'));
  readonly #queues = new TextMatcher(matchKinds.indexOf('queue'));
  /** The kinds of match that any rule here has, as bits in the order of `matchKinds`. */
  #matchedBy = 0;
  /** Of each dimension: the rules that match; between look-ups those that match everything. */
  readonly #dimensions: CompiledRule[][] = [];
  /** How many rules of each dimension match everything. */
  readonly #always: number[] = [];
  /** The address that was read last. */
  #ip = '';
  #ipBits: AddressBits = 0;
  readonly #words = new Uint32Array(4);
  readonly #sourceWords = new Uint32Array(4);
  #lookUp = 0;

  /** @param dimensions - the rules of each dimension */
  constructor(dimensions: readonly (readonly LimitRule[])[]) {
    for (const rules of dimensions) {
      const matching: CompiledRule[] = [];
      for (const rule of rules) {
        this.#add(new CompiledRule(rule, matching));
      }
      this.#dimensions.push(matching);
      this.#always.push(matching.length);
    }
  }

  get isEmpty(): boolean {
    return this.#dimensions.length === 0;
  }

  /** The limits in force for these facts. */
  of(facts: Facts): AppliedLimits {
    if (this.#dimensions.length === 0) return noLimits;
    this.#findMatching(facts);
    const applied = new Collected();
    for (let at = 0; at < this.#dimensions.length; at++) {
      const matching = this.#dimensions[at];
      if (matching === undefined || matching.length === 0) continue;
      for (const rule of matching) {
        const inForce = rule.countsByIp && facts.ip === '' ? 0 : quantitiesInForce(rule, matching);
        if (inForce !== 0) this.#apply(rule.rule, inForce, facts, applied);
      }
      // Not by setting the length, which costs more than the rest of the look-up.
      for (let left = matching.length - (this.#always[at] ?? 0); left > 0; left--) matching.pop();
    }
    return applied;
  }

  #findMatching(facts: Facts): void {
    this.#lookUp++;
    const lookUp = this.#lookUp;
    const by = this.#matchedBy;
    if (by === 0) return;
    if (by & byDomain) this.#domains.match(facts.domain, lookUp);
    if (by & bySite) this.#sites.match(facts.site, lookUp);
    if (by & byMx) this.#hosts.match(facts.mx, lookUp);
    if (by & byIp) this.#addresses.match(this.#words, this.#readIp(facts.ip), lookUp);
    if (by & bySource) {
      this.#sources.match(this.#sourceWords, readAddress(facts.source, this.#sourceWords), lookUp);
    }
    if (by & byTenant) this.#tenants.match(facts.tenant, lookUp);
    if (by & byQueue) this.#queues.match(facts.queue, lookUp);
  }

  /** Reads the address into `#words`, once for all that need it. */
  #readIp(ip: string): AddressBits {
    if (ip === this.#ip) return this.#ipBits;
    this.#ip = ip;
    this.#ipBits = readAddress(ip, this.#words);
    return this.#ipBits;
  }

  #apply(rule: LimitRule, inForce: number, facts: Facts, to: Collected): void {
    const limit: AppliedLimit = { rule, key: this.#keyOf(rule.per, facts) };
    if (inForce & setsConnections) to.connections = append(to.connections, limit);
    if (inForce & setsConnectionRate) to.connectionRate = append(to.connectionRate, limit);
    if (inForce & setsMessageRate) to.messageRate = append(to.messageRate, limit);
    if (inForce & setsRecipientRate) to.recipientRate = append(to.recipientRate, limit);
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
    for (let at = 1; at < per.length; at++) key += ` ${this.#valueOf(per[at] ?? first, facts)}`;
    return key;
  }

  #valueOf(key: LimitKey, facts: Facts): string {
    if (key === 'network') {
      const bits = this.#readIp(facts.ip);
      return bits === 0 ? facts.ip : networkAroundBits(this.#words, bits);
    }
    if (key === 'source' && facts.source === '') return 'any';
    return facts[key];
  }

  #add(compiled: CompiledRule): void {
    const { domain, site, mx, ip, source, tenant, queue } = compiled.rule.match;
    if (domain !== undefined) this.#domains.add(domain, compiled);
    if (site !== undefined) this.#sites.add(site, compiled);
    if (mx !== undefined) this.#hosts.add(mx, compiled);
    if (ip !== undefined) this.#addresses.add(ip, compiled);
    if (source !== undefined) this.#sources.add(source, compiled);
    if (tenant !== undefined) this.#tenants.add(tenant, compiled);
    if (queue !== undefined) this.#queues.add(queue, compiled);
    for (const kind of kindsOf(compiled.rule.match)) this.#matchedBy |= 1 << matchKinds.indexOf(kind);
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

/** Adds to a list; the empty one is shared. */
function append(list: AppliedLimit[], limit: AppliedLimit): AppliedLimit[] {
  if (list === nothing) return [limit];
  list.push(limit);
  return list;
}

class Collected implements AppliedLimits {
  connections = nothing;
  connectionRate = nothing;
  messageRate = nothing;
  recipientRate = nothing;
  messagesPerConnection = unlimited;
  recipientsPerMessage = unlimited;
}
