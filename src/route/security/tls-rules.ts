// The administrator's rules about TLS with other hosts, compiled: by recipient domain, by MX host, or by both. The first rule that
// matches counts, alone.

import type { DomainPattern } from '../../values/domain.ts';
import { DomainSet } from '../../values/domain-set.ts';
import type { TlsLevel } from '../../values/tls-policy.ts';

/** One [[tls]]; plain data. */
export interface TlsRule {
  /** Recipient domains; none: any. */
  readonly domains: readonly DomainPattern[];
  /** MX hosts or smarthosts; none: any. When there are domains as well, both must match. */
  readonly hosts: readonly DomainPattern[];
  readonly level: TlsLevel;
  /** False: `level` is only the default of all hosts. True when not given. */
  readonly isLevelSaid?: boolean;
  /** Level `fingerprint`: SHA-256 in lower-case hex. */
  readonly fingerprints: readonly string[];
  /** Level `verified`: the certificate must be for one of these; none: for the host. */
  readonly names: readonly string[];
  /** Server name in the client hello; undefined: the host. */
  readonly serverName: string | undefined;
  /** Names the handshake settings (`HopTlsPolicy.settings`). */
  readonly settings: string;
  /** Whether policies that the domain publishes count, too. */
  readonly usesMtaSts: boolean;
  readonly usesDane: boolean;
}

export class TlsRules {
  readonly #rules: readonly {
    readonly rule: TlsRule;
    readonly domains: DomainSet | undefined;
    readonly hosts: DomainSet | undefined;
  }[];

  constructor(rules: readonly TlsRule[]) {
    this.#rules = rules.map((rule) => ({
      rule,
      domains: rule.domains.length === 0 ? undefined : new DomainSet(rule.domains),
      hosts: rule.hosts.length === 0 ? undefined : new DomainSet(rule.hosts),
    }));
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * The rules for a domain's hosts.
   * @param domain - of the recipients; undefined where many domains take one route: then only rules without domains match
   */
  forDomain(domain: string | undefined): (host: string) => TlsRule | undefined {
    const meant = this.#rules.filter(
      ({ domains }) => domains === undefined || (domain !== undefined && domains.has(domain)),
    );
    return (host) => meant.find(({ hosts }) => hosts === undefined || hosts.has(host))?.rule;
  }
}
