// Which keys sign a message: the keys for the most specific domain that matches its author, and among those the ones for its user, else
// for its tenant, else those for everybody; and of these, the ones for the routes that it takes. All keys of that rank sign: one with RSA and one with Ed25519, or an old and a new one.

import type { BodyCanonicalization } from '../dkim/body-canon.ts';
import type { HeaderCanonicalization } from '../dkim/header-block.ts';
import type { NameList } from '../dkim/signed-names.ts';
import { checkDomain } from '../values/domain-name.ts';
import { matchesPattern, type DomainPattern } from '../values/domain.ts';
import type { MailFacts } from './types.ts';

/** One [[signing_key]]. */
export interface SigningRule {
  /** Empty: every domain that no other rule names. */
  readonly domains: readonly DomainPattern[];
  /** Undefined: mail of any tenant. */
  readonly tenant: string | undefined;
  /** Names of routes; empty: mail on any route. */
  readonly routes: readonly string[];
  /** Addresses of users; empty: anybody's mail. */
  readonly users: readonly string[];
  /** Absolute. A `%` stands for the domain of the author. */
  readonly path: string;
  readonly selector: string;
  /** `d=`; undefined: the domain of the pattern that matches, else that of the author. */
  readonly signingDomain: string | undefined;
  readonly headerCanonicalization: HeaderCanonicalization;
  readonly bodyCanonicalization: BodyCanonicalization;
  readonly names: NameList;
  /** `x=` is so much later than `t=`; undefined: no `x=`. */
  readonly validSeconds: number | undefined;
  /** Whether it adds a signature by DomainKeys (RFC 4870), too. */
  readonly domainKeys: boolean;
  /** What becomes of mail while the key cannot be used. */
  readonly whenUnusable: 'tempfail' | 'unsigned';
}

/** A key that is to sign one message. */
export interface ChosenKey {
  readonly rule: SigningRule;
  readonly path: string;
  /** The path was made from the author's domain: when there is no such file, that domain has no key. */
  readonly isOptional: boolean;
  /** `d=`. */
  readonly domain: string;
}

interface Candidate {
  readonly rule: SigningRule;
  readonly pattern: DomainPattern | undefined;
  /** Higher is more specific. */
  readonly rank: number;
}

export class SigningRules {
  readonly #rules: readonly SigningRule[];
  readonly #looksAtRoutes: boolean;
  /** The canonicalizations of bodies that some rule has. */
  readonly bodyForms: readonly BodyCanonicalization[];
  /** Names of all fields that some rule may sign, in lower case. */
  readonly signedNames: ReadonlySet<string>;

  constructor(rules: readonly SigningRule[]) {
    this.#rules = rules;
    this.#looksAtRoutes = rules.some(({ routes }) => routes.length > 0);
    this.bodyForms = [...new Set(rules.map((rule) => rule.bodyCanonicalization))];
    const names = rules.flatMap(({ names: { overSigned, ifPresent } }) => [...overSigned, ...ifPresent]);
    this.signedNames = new Set(names.map((name) => name.toLowerCase()));
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** The keys that sign mail of these facts; none when it is not to be signed. */
  choose(facts: MailFacts): readonly ChosenKey[] {
    // An address literal has no place in the DNS where a key could be.
    if (checkDomain(facts.author) !== 'ok') return [];
    if (!this.#looksAtRoutes) return bestOf(this.#rules, facts);
    // One signature has to do for all recipients: the keys of each route sign. Mail on a route without a key has those for all routes.
    const routes = facts.routes.length === 0 ? [''] : facts.routes;
    const wanted = routes.flatMap((route) =>
      bestOf(
        this.#rules.filter((rule) => rule.routes.length === 0 || rule.routes.includes(route)),
        facts,
      ),
    );
    return this.#rules.flatMap((rule) => wanted.find((each) => each.rule === rule) ?? []);
  }

  /** All keys for the most specific domain that matches, those for single users and tenants, too. For people. */
  forEverybody(author: string): readonly ChosenKey[] {
    if (checkDomain(author) !== 'ok') return [];
    const candidates = this.#rules.flatMap((rule) =>
      candidatesOf({ ...rule, tenant: undefined, users: [], routes: [] }, { author, tenant: '', user: '' }),
    );
    const best = Math.max(...candidates.map(({ rank }) => rank));
    return candidates.filter(({ rank }) => rank === best).map((each) => chosen(each, author));
  }
}

/** Longer than any domain, so that an exact match comes before each suffix, and each suffix before none. */
const exactRank = 1_000;
/** Ranks of conditions, below those of domains. */
const ranksOfConditions = 6;

/** The keys of the highest rank. @param rules - those for the route, if routes matter */
function bestOf(rules: readonly SigningRule[], facts: Omit<MailFacts, 'routes'>): readonly ChosenKey[] {
  const candidates = rules.flatMap((rule) => candidatesOf(rule, facts));
  const best = Math.max(...candidates.map(({ rank }) => rank));
  return candidates.filter(({ rank }) => rank === best).map((each) => chosen(each, facts.author));
}

function candidatesOf(rule: SigningRule, facts: Omit<MailFacts, 'routes'>): Candidate[] {
  if (rule.tenant !== undefined && rule.tenant !== facts.tenant) return [];
  if (rule.users.length > 0 && !rule.users.includes(facts.user)) return [];
  const pattern = mostSpecific(rule.domains, facts.author);
  if (pattern === undefined && rule.domains.length > 0) return [];
  const whose = rule.users.length > 0 ? 2 : rule.tenant === undefined ? 0 : 1;
  const condition = whose * 2 + (rule.routes.length > 0 ? 1 : 0);
  return [{ rule, pattern, rank: domainRank(pattern) * ranksOfConditions + condition }];
}

function mostSpecific(patterns: readonly DomainPattern[], author: string): DomainPattern | undefined {
  let best: DomainPattern | undefined;
  for (const pattern of patterns)
    if (matchesPattern(pattern, author) && domainRank(pattern) > domainRank(best)) best = pattern;
  return best;
}

function domainRank(pattern: DomainPattern | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.kind === 'exact' ? exactRank : pattern.domain.length;
}

function chosen({ rule, pattern }: Candidate, author: string): ChosenKey {
  const isOptional = rule.path.includes('%');
  return {
    rule,
    // A domain that was checked has no slash in it, and no empty label, so it names no other folder.
    path: isOptional ? rule.path.replaceAll('%', author) : rule.path,
    isOptional,
    domain: rule.signingDomain ?? (isOptional ? author : (pattern?.domain ?? author)),
  };
}
