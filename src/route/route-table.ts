// The routing table, compiled: from a recipient and a sender to a rule by Map look-ups alone.

import { isDeepStrictEqual } from 'node:util';
import { addressOfLiteral } from '../address/domain.ts';
import { RecentMap } from '../dns/recent-map.ts';
import type { DomainPattern } from '../values/domain.ts';
import { DomainTable } from '../values/domain-table.ts';
import { canonicalDomain, isHostName, spelledDomain } from './recipient-domain.ts';
import { missingRoute } from './missing-route.ts';
import { RouteTableError } from './route-error.ts';
import { isMxInOwnWay, planKey } from './plan-key.ts';
import type { RouteRule } from './route-rule.ts';
import { withRewriting } from './sender-rewriting.ts';
import { SenderLogins } from './sender-logins.ts';
import { SenderRules } from './sender-rules.ts';
import { ruleOfTargetKey } from './target-key.ts';
import { parseSmarthost } from './smarthost-resolution.ts';
import type { RouteKey } from './types.ts';

/** The routes of one recipient domain, cached. */
type DomainRoutes =
  /** The sender does not matter: a rule for the domain or a suffix decides, or no rule looks at senders. */
  | { readonly kind: 'settled'; readonly route: RouteKey }
  | {
      readonly kind: 'by-sender';
      readonly domain: string;
      /** A rule for the domain or a suffix decides; else a rule for the sender comes first. */
      readonly isSpecific: boolean;
      /** Undefined: MX. */
      readonly rule: RouteRule | undefined;
      /** Caches the routes of rules, each with the log-in of the sender. */
      readonly routes: Map<RouteRule | undefined, RouteKey>;
    };

/** Most domains whose routes are cached, as they are spelled in recipients. */
const maxDomains = 50_000;

export class RouteTable {
  readonly #byDomain = new DomainTable<RouteRule>();
  readonly #bySender = new SenderRules<RouteRule>();
  readonly #byKey = new Map<string, RouteRule>();
  readonly #byName: ReadonlyMap<string, RouteRule>;
  /** Made once for each rule: domains are many. */
  readonly #planKeys = new Map<RouteRule, string>();
  #default: RouteRule | undefined;
  /** Some rule gives recipients senders of their own, which the null sender never gets. */
  readonly #hasVerp: boolean;
  /** Of rules with log-ins. */
  readonly #logins = new Map<RouteRule, SenderLogins>();
  readonly #rules: readonly RouteRule[];
  #pastHolds: RouteTable | undefined;
  readonly #domains = new RecentMap<string, DomainRoutes>(maxDomains);

  /** @throws RouteTableError when rules contradict each other or one cannot be understood */
  constructor(rules: readonly RouteRule[]) {
    this.#rules = rules;
    this.#hasVerp = rules.some(({ verp = '' }) => verp !== '');
    const named = new Map<string, RouteRule>();
    for (const rule of rules) {
      const namesake = rule.isUnnamed === true ? undefined : named.get(rule.name);
      if (namesake !== undefined && !isDeepStrictEqual(partsOf(namesake), partsOf(rule))) {
        throw tableError(
          rule,
          'has the name of another rule but not its target',
          'give it a name of its own',
        );
      }
      if (rule.isUnnamed !== true) named.set(rule.name, rule);
      checkTarget(rule);
      const logins = SenderLogins.of(rule);
      if (logins !== undefined) this.#logins.set(rule, logins);
      for (const variant of [rule, ...(logins?.variants ?? [])]) {
        const key = planKey(variant);
        this.#planKeys.set(variant, key);
        this.#byKey.set(key, this.#byKey.get(key) ?? variant);
      }
      const other = this.#add(rule);
      if (other !== undefined) {
        throw tableError(rule, `matches the same as the rule "${other.name}"`, 'keep one of them');
      }
    }
    this.#byName = named;
  }

  /** The same table without the rules that hold mail. */
  get pastHolds(): RouteTable {
    this.#pastHolds ??= new RouteTable(this.#rules.filter(({ target }) => target.kind !== 'hold'));
    return this.#pastHolds;
  }

  /** Whether some rule looks at the sender. */
  get looksAtSenders(): boolean {
    if (this.#bySender.size > 0 || this.#hasVerp) return true;
    return [...this.#logins.values()].some((logins) => logins.looksAtSenders);
  }

  /** The rule of a plan key, if the table has it or its target is in the key. @param key - the part of a route key before the domain */
  rule(key: string): RouteRule | undefined {
    return this.#byKey.get(key) ?? ruleOfTargetKey(key);
  }

  /** The route of all mail for a domain, in canonical form; undefined when it depends on the sender. */
  routeOfDomain(domain: string): RouteKey | undefined {
    const routes = this.#domains.get(domain) ?? this.#learn(domain);
    return routes.kind === 'settled' ? routes.route : undefined;
  }

  /** See `createRouter` for the order. */
  routeOf(reversePath: string, recipient: string): RouteKey {
    const domain = spelledDomain(recipient);
    const routes = this.#domains.get(domain) ?? this.#learn(domain);
    if (routes.kind === 'settled') return routes.route;
    const ofSender = routes.isSpecific ? undefined : this.#bySender.find(reversePath);
    const rule = this.#withLogin(ofSender ?? routes.rule, reversePath);
    const known = routes.routes.get(rule);
    if (known !== undefined) return known;
    const key = this.#routeKey(rule, routes.domain);
    routes.routes.set(rule, key);
    return key;
  }

  /** The same for a domain in canonical form. Nothing of it is kept: for mail to very many domains. */
  routeOfCanonical(reversePath: string, domain: string): RouteKey {
    const specific = this.#byDomain.size > 0 ? this.#byDomain.mostSpecific(domain) : undefined;
    const rule = specific ?? (this.#bySender.size > 0 ? this.#bySender.find(reversePath) : undefined);
    return this.#routeKey(this.#withLogin(rule ?? this.#default, reversePath), domain);
  }

  /** The route of a recipient by the rules of this name, whatever they match. Without such rules, its key leads nowhere. */
  routeNamed(name: string, reversePath: string, recipient: string): RouteKey {
    const domain = canonicalDomain(spelledDomain(recipient));
    const rule = this.#byName.get(name);
    if (rule !== undefined) return this.#routeKey(this.#withLogin(rule, reversePath), domain);
    return missingRoute(name, domain);
  }

  /** The rule that decides about a recipient, in the order of `createRouter`; undefined: none does, so its mail goes to the MX. */
  ruleFor(reversePath: string, recipient: string): RouteRule | undefined {
    const specific = this.#byDomain.mostSpecific(canonicalDomain(spelledDomain(recipient)));
    if (specific !== undefined) return specific;
    return (this.#bySender.size > 0 ? this.#bySender.find(reversePath) : undefined) ?? this.#default;
  }

  #learn(spelled: string): DomainRoutes {
    // Copied, because a slice would keep the whole text in memory that the recipient was cut from.
    const given = Buffer.from(spelled).toString();
    const domain = canonicalDomain(given);
    const specific = this.#byDomain.mostSpecific(domain);
    const rule = specific ?? this.#default;
    const isSpecific = specific !== undefined;
    const looksAtSender =
      (!isSpecific && this.#bySender.size > 0) ||
      (rule !== undefined && this.#logins.get(rule)?.looksAtSenders === true);
    const routes: DomainRoutes = looksAtSender
      ? { kind: 'by-sender', domain, isSpecific, rule, routes: new Map() }
      : { kind: 'settled', route: this.#routeKey(this.#withLogin(rule, ''), domain) };
    this.#domains.set(given, routes);
    return routes;
  }

  /** The rule with the log-in for this sender as part of its target. */
  #withLogin(rule: RouteRule | undefined, reversePath: string): RouteRule | undefined {
    return rule === undefined ? undefined : (this.#logins.get(rule)?.find(reversePath) ?? rule);
  }

  #routeKey(rule: RouteRule | undefined, domain: string): RouteKey {
    const plain = rule === undefined || (rule.target.kind === 'mx' && !isMxInOwnWay(rule));
    const bare = plain ? `mx:${domain}` : `${this.#planKeys.get(rule)}:${domain}`;
    const key = rule?.rewritesSenders === true ? withRewriting(bare) : bare;
    return {
      key,
      domain,
      ...(rule?.priority !== undefined && { priority: rule.priority }),
      ...(rule?.verp !== undefined && { verp: rule.verp }),
    };
  }

  /** Adds a rule; returns an earlier rule that matches the same. */
  #add(rule: RouteRule): RouteRule | undefined {
    const { match } = rule;
    switch (match.kind) {
      case 'chosen':
        return undefined;
      case 'default': {
        const other = this.#default;
        this.#default = rule;
        return other;
      }
      case 'domain': {
        const domain = canonicalDomain(match.domain);
        if (isHostName(domain) || addressOfLiteral(domain) !== undefined) {
          return this.#addPattern({ kind: 'exact', domain }, rule);
        }
        throw tableError(rule, `matches "${match.domain}", which is no domain`, 'write it as example.com');
      }
      case 'suffix': {
        const domain = canonicalDomain(match.suffix.slice(2));
        if (match.suffix.startsWith('*.') && isHostName(domain)) {
          return this.#addPattern({ kind: 'suffix', domain }, rule);
        }
        throw tableError(rule, `matches "${match.suffix}", which is no suffix`, 'write it as *.example.com');
      }
      case 'sender': {
        const added = this.#bySender.add(match.sender, rule);
        if (added === 'added') return undefined;
        if (added !== 'unreadable') return added;
        throw tableError(
          rule,
          `matches the sender "${match.sender}", which is neither an address nor a domain`,
          'write it as user@example.com, example.com, *.example.com, or <> for the null sender',
        );
      }
    }
  }

  #addPattern(pattern: DomainPattern, rule: RouteRule): RouteRule | undefined {
    const other = this.#byDomain.get(pattern);
    this.#byDomain.set(pattern, rule);
    return other;
  }
}

/** What rules of one name have in common. */
function partsOf({ target, otherwise, header, sources }: RouteRule): readonly unknown[] {
  return [target, otherwise, header, sources];
}

function checkTarget(rule: RouteRule): void {
  if ('servers' in rule.target && rule.target.servers.length === 0)
    throw tableError(rule, `has no ${rule.target.kind.toUpperCase()} server`, 'name at least one');
  if (rule.target.kind !== 'smarthost') return;
  if (rule.target.hosts.length === 0) throw tableError(rule, 'has no smarthost', 'name at least one host');
  for (const { host } of rule.target.hosts) {
    if (parseSmarthost(host) === undefined) {
      throw tableError(rule, `names "${host}", which is neither a host nor an address`, 'correct it');
    }
  }
}

function tableError(rule: RouteRule, what: string, advice: string): RouteTableError {
  return new RouteTableError(`Reading the routing table: the rule "${rule.name}" ${what}`, advice);
}
