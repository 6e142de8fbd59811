// The routing table, compiled: from a recipient and a sender to a rule by Map look-ups alone.

import { isDeepStrictEqual } from 'node:util';
import { RouteTableError } from './route-error.ts';
import { addressOfLiteral } from '../address/domain.ts';
import { canonicalDomain, spelledDomain, isHostName } from './recipient-domain.ts';
import type { RouteMatch, RouteRule, RouteTarget } from './route-rule.ts';
import { parseSmarthost } from './smarthost-resolution.ts';
import type { RouteKey } from './types.ts';

/** What the table says about one recipient domain, worked out once. */
interface DomainRoutes {
  /** By a rule for the domain or a suffix, or by the default when no rule looks at senders. */
  readonly settled: RouteKey | undefined;
  readonly byDefault: RouteKey;
  /** By sender rule; filled as senders turn up. */
  readonly bySender: Map<RouteRule, RouteKey>;
}

/** Domains whose routes are remembered, as they are spelled in recipients; the oldest is forgotten first. */
const maxDomains = 50_000;

export class RouteTable {
  readonly #byDomain = new Map<string, RouteRule>();
  readonly #bySuffix = new Map<string, RouteRule>();
  readonly #bySender = new Map<string, RouteRule>();
  readonly #byKey = new Map<string, RouteRule>();
  #default: RouteRule | undefined;
  readonly #domains = new Map<string, DomainRoutes>();

  /** @throws RouteTableError when rules contradict each other or one cannot be understood */
  constructor(rules: readonly RouteRule[]) {
    for (const rule of rules) {
      const key = planKey(rule.target.kind, rule.name);
      const namesake = this.#byKey.get(key);
      if (namesake !== undefined && !isDeepStrictEqual(namesake.target, rule.target)) {
        throw tableError(
          rule,
          'has the name of another rule but not its target',
          'give it a name of its own',
        );
      }
      this.#byKey.set(key, rule);
      checkTarget(rule);
      this.#add(rule);
    }
  }

  /** The rule of a key's part before the domain (`planKey`), if the table has it. */
  rule(key: string): RouteRule | undefined {
    return this.#byKey.get(key);
  }

  /** See `createRouter` for the order. */
  routeOf(reversePath: string, recipient: string): RouteKey {
    const domain = spelledDomain(recipient);
    const routes = this.#domains.get(domain) ?? this.#learn(domain);
    if (routes.settled !== undefined) return routes.settled;
    const sender = reversePath.toLowerCase();
    const rule = this.#bySender.get(sender) ?? this.#bySender.get(canonicalDomain(spelledDomain(sender)));
    if (rule === undefined) return routes.byDefault;
    const known = routes.bySender.get(rule);
    if (known !== undefined) return known;
    const key = routeKey(rule, routes.byDefault.domain);
    routes.bySender.set(rule, key);
    return key;
  }

  #learn(spelled: string): DomainRoutes {
    // A copy: a slice would keep the whole text alive that the recipient was cut from.
    const given = Buffer.from(spelled).toString();
    const domain = canonicalDomain(given);
    const byDefault = routeKey(this.#default, domain);
    const specific = this.#byDomain.get(domain) ?? this.#longestSuffix(domain);
    const routes: DomainRoutes = {
      settled:
        specific !== undefined
          ? routeKey(specific, domain)
          : this.#bySender.size === 0
            ? byDefault
            : undefined,
      byDefault,
      bySender: new Map(),
    };
    if (this.#domains.size >= maxDomains) {
      for (const oldest of this.#domains.keys()) {
        this.#domains.delete(oldest);
        break;
      }
    }
    this.#domains.set(given, routes);
    return routes;
  }

  #longestSuffix(domain: string): RouteRule | undefined {
    if (this.#bySuffix.size === 0 || domain.startsWith('[')) return undefined;
    for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
      const rule = this.#bySuffix.get(domain.slice(dot + 1));
      if (rule !== undefined) return rule;
    }
    return undefined;
  }

  #add(rule: RouteRule): void {
    const { match } = rule;
    if (match.kind === 'default') {
      if (this.#default !== undefined) throw tableError(rule, 'is a second default', 'keep one of them');
      this.#default = rule;
      return;
    }
    const rules =
      match.kind === 'domain' ? this.#byDomain : match.kind === 'suffix' ? this.#bySuffix : this.#bySender;
    const key = matchKey(rule, match);
    const other = rules.get(key);
    if (other !== undefined) {
      throw tableError(rule, `matches the same as "${other.name}"`, 'keep one of them');
    }
    rules.set(key, rule);
  }
}

/** Names a plan: rules with a smarthost or an error have one for all domains. */
export function planKey(kind: RouteTarget['kind'], ruleName: string): string {
  // Escaped, so that the first colon of a route key ends the rule's part.
  return `${kind === 'smarthost' ? 'relay' : kind}#${encodeURIComponent(ruleName.toWellFormed())}`;
}

function routeKey(rule: RouteRule | undefined, domain: string): RouteKey {
  if (rule === undefined || rule.target.kind === 'mx') return { key: `mx:${domain}`, domain };
  return { key: `${planKey(rule.target.kind, rule.name)}:${domain}`, domain };
}

function matchKey(rule: RouteRule, match: Exclude<RouteMatch, { readonly kind: 'default' }>): string {
  switch (match.kind) {
    case 'domain': {
      const domain = canonicalDomain(match.domain);
      if (isHostName(domain) || addressOfLiteral(domain) !== undefined) return domain;
      throw tableError(rule, `matches "${match.domain}", which is no domain`, 'write it as example.com');
    }
    case 'suffix': {
      const domain = canonicalDomain(match.suffix.slice(2));
      if (match.suffix.startsWith('*.') && isHostName(domain)) return domain;
      throw tableError(rule, `matches "${match.suffix}", which is no suffix`, 'write it as *.example.com');
    }
    case 'sender': {
      if (match.sender === '<>') return '';
      const sender = match.sender.toLowerCase();
      const domain = canonicalDomain(sender.slice(sender.lastIndexOf('@') + 1));
      if (sender.startsWith('@') || !isHostName(domain)) {
        throw tableError(
          rule,
          `matches the sender "${match.sender}", which is neither an address nor a domain`,
          'write it as user@example.com, example.com, or <> for the null sender',
        );
      }
      return sender.includes('@') ? sender : domain;
    }
  }
}

function checkTarget(rule: RouteRule): void {
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
