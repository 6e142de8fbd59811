// DMARC (RFC 9989): does the domain in From stand for the message? Pure: it knows the DNS by the resolver that is handed in.
//
// 1. `discoverPolicy` finds the record that speaks for the author's domain, and what it asks for. This needs From alone.
// 2. `evaluateDmarc` compares the domains that SPF and DKIM have authenticated with the author's.

import type { Resolver } from '../dns/types.ts';
import { isBelow } from '../values/domain.ts';
import type { Alignment, DmarcPolicy, DmarcRecord } from './parse-record.ts';
import { type Published, TreeWalk } from './tree-walk.ts';

export type { DmarcPolicy } from './parse-record.ts';

/** The look-ups that DMARC needs: `addresses` only where a policy is for names that do not exist. */
export type DmarcResolver = Pick<Resolver, 'txt' | 'addresses'>;

/** RFC 8601 2.7.7 and RFC 9989: `none` says that no policy applies. */
export type DmarcResult = 'none' | 'pass' | 'fail' | 'temperror' | 'permerror';

/** What speaks for the author's domain. */
export type Discovery =
  | {
      readonly kind: 'policy';
      readonly author: string;
      /** The domain whose record it is. */
      readonly policyDomain: string;
      readonly record: DmarcRecord;
      /** What is asked for, for this author, with `sp`, `np` and `t` taken into account. */
      readonly policy: DmarcPolicy;
      readonly walk: TreeWalk;
    }
  | { readonly kind: 'none' | 'temperror'; readonly author: string; readonly reason: string };

/** Domains that SPF or DKIM has looked at, in lower-case A-labels. */
export interface AuthenticatedDomains {
  /** With the result `pass`; of SPF, that of MAIL FROM, or of HELO when the reverse-path is null. */
  readonly spf: readonly string[];
  readonly dkim: readonly string[];
  /** Those whose result is a temporary error: with them, the message might have passed. */
  readonly uncertain: { readonly spf: readonly string[]; readonly dkim: readonly string[] };
}

export interface DmarcVerdict {
  readonly result: DmarcResult;
  /** The domain in From. */
  readonly author: string;
  /** What the domain's owner asks for when mail fails; `none` where nothing applies. */
  readonly policy: DmarcPolicy;
  /** Whose record it is; empty for nobody's. */
  readonly policyDomain: string;
  /** What that domain publishes; undefined where nobody's policy applies. */
  readonly record: DmarcRecord | undefined;
  /** By what the message has passed. */
  readonly aligned: readonly ('spf' | 'dkim')[];
  /** For people. */
  readonly reason: string;
}

/**
 * Finds the policy for an author (RFC 9989 4.10.1).
 * @param author - the domain in From, in lower-case A-labels
 */
export async function discoverPolicy(author: string, resolver: DmarcResolver): Promise<Discovery> {
  const walk = new TreeWalk(resolver);
  const own = await walk.published(author);
  switch (own.kind) {
    case 'failed':
      return { kind: 'temperror', author, reason: own.reason };
    case 'record':
      return policyOf(own, author, walk, resolver);
    case 'unusable':
      return { kind: 'none', author, reason: `the DMARC record of ${author} is not usable: ${own.reason}` };
    case 'several':
      return { kind: 'none', author, reason: `${author} has several DMARC records` };
    case 'none': {
      const organization = await walk.organization(author);
      if (organization.kind === 'failed') return { kind: 'temperror', author, reason: organization.reason };
      const above = await walk.published(organization.domain);
      for (const found of [above, organization.suffix]) {
        if (found?.kind === 'record') return policyOf(found, author, walk, resolver);
        if (found?.kind === 'unusable') {
          return {
            kind: 'none',
            author,
            reason: `the DMARC record of ${found.name} is not usable: ${found.reason}`,
          };
        }
      }
      return { kind: 'none', author, reason: `${author} has no DMARC policy` };
    }
  }
}

async function policyOf(
  { name, record }: Published & { readonly kind: 'record' },
  author: string,
  walk: TreeWalk,
  resolver: DmarcResolver,
): Promise<Discovery> {
  const found = (asked: DmarcPolicy): Discovery => ({
    kind: 'policy',
    author,
    policyDomain: name,
    record,
    policy: record.isTest ? oneStepLess(asked) : asked,
    walk,
  });
  if (name === author) return found(record.p);
  const existing = record.sp ?? record.p;
  const missing = record.np ?? existing;
  if (missing === existing) return found(existing);
  // RFC 9989 3.2: a name does not exist when the DNS says NXDOMAIN, whatever is asked for (RFC 8020).
  const answer = await resolver.addresses(author, 4);
  if (answer.kind === 'failed') return { kind: 'temperror', author, reason: `${author}: ${answer.reason}` };
  return found(answer.kind === 'nxdomain' ? missing : existing);
}

/** RFC 9989 4.7, `t=y`. */
function oneStepLess(policy: DmarcPolicy): DmarcPolicy {
  return policy === 'reject' ? 'quarantine' : 'none';
}

/** Judges a message (RFC 9989 5.3). */
export async function evaluateDmarc(
  discovery: Discovery,
  domains: AuthenticatedDomains,
): Promise<DmarcVerdict> {
  const { author } = discovery;
  if (discovery.kind !== 'policy') {
    return {
      result: discovery.kind,
      author,
      policy: 'none',
      policyDomain: '',
      record: undefined,
      aligned: [],
      reason: discovery.reason,
    };
  }
  const { policy, policyDomain, record, walk } = discovery;
  const aligner = new Aligner(author, walk);
  const spf = await aligner.any(domains.spf, record.aspf);
  const dkim = await aligner.any(domains.dkim, record.adkim);
  const aligned = [...(spf ? (['spf'] as const) : []), ...(dkim ? (['dkim'] as const) : [])];
  const verdict = { author, policy, policyDomain, record, aligned };
  if (aligned.length > 0) return { ...verdict, result: 'pass', reason: `${aligned.join(' and ')} aligned` };
  // A temporary error is no failure: the same message may pass in a minute.
  const mightAlign =
    (await aligner.any(domains.uncertain.spf, record.aspf)) ||
    (await aligner.any(domains.uncertain.dkim, record.adkim));
  if (mightAlign || aligner.failure !== undefined) {
    const reason = aligner.failure ?? 'SPF or DKIM of an aligned domain could not be checked';
    return { ...verdict, result: 'temperror', reason };
  }
  return { ...verdict, result: 'fail', reason: `no authenticated domain is aligned with ${author}` };
}

/** Compares domains with the author's (RFC 9989 4.10.2). */
class Aligner {
  readonly #author: string;
  readonly #walk: TreeWalk;
  /** Why an organizational domain is unknown; undefined when all that were needed are known. */
  failure: string | undefined;

  constructor(author: string, walk: TreeWalk) {
    this.#author = author;
    this.#walk = walk;
  }

  async any(domains: readonly string[], alignment: Alignment): Promise<boolean> {
    // The same name is aligned in either mode, and needs no walk.
    if (domains.includes(this.#author)) return true;
    if (alignment === 'strict') return false;
    for (const domain of new Set(domains)) {
      // Names of different top-level domains are of different organizations.
      if (topLevel(domain) !== topLevel(this.#author)) continue;
      const own = await this.#organizationOf(this.#author);
      if (own === undefined) return false;
      // The organizational domain of a name is the name itself or one above it.
      if (domain !== own && !isBelow(domain, own)) continue;
      if ((await this.#organizationOf(domain)) === own) return true;
    }
    return false;
  }

  async #organizationOf(domain: string): Promise<string | undefined> {
    const organization = await this.#walk.organization(domain);
    if (organization.kind === 'found') return organization.domain;
    this.failure = organization.reason;
    return undefined;
  }
}

function topLevel(domain: string): string {
  return domain.slice(domain.lastIndexOf('.') + 1);
}
