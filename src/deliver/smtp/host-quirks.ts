// What is done otherwise with a host because the administrator says so: some servers and middleboxes offer extensions that do not work,
// and in some cases only the administrator can know.

import type { DomainPattern } from '../../values/domain.ts';
import { DomainSet } from '../../values/domain-set.ts';
import type { Network } from '../../values/network.ts';
import { NetworkSet } from '../../values/network-set.ts';

/** A rule for some hosts, named by name or address. */
export interface QuirkRule {
  readonly hosts: readonly DomainPattern[];
  readonly networks: readonly Network[];
  /** Undefined: any. Several servers may listen at one address. */
  readonly port?: number | undefined;
  /** EHLO keywords in upper case that are treated as not announced. */
  readonly extensions: readonly string[];
  /** The most transactions on the way on one connection; undefined: as with other hosts. */
  readonly pipelineDepth?: number | undefined;
  /** What a host is that greets with a name of this server; undefined: as with other hosts. */
  readonly ownName?: OwnName | undefined;
}

/** `refuse`: this server, so that mail would loop. `accept`: another server of the same name. */
export type OwnName = 'refuse' | 'accept';

/** What all rules that name a host say together. */
export interface QuirksOfHost {
  readonly extensions: ReadonlySet<string>;
  /** The lowest; undefined when none says it. */
  readonly pipelineDepth: number | undefined;
  /** `accept` where one says it. */
  readonly ownName: OwnName | undefined;
}

const none: QuirksOfHost = { extensions: new Set(), pipelineDepth: undefined, ownName: undefined };

export class HostQuirks {
  readonly #rules: readonly {
    readonly hosts: DomainSet;
    readonly networks: NetworkSet;
    readonly rule: QuirkRule;
  }[];

  constructor(rules: readonly QuirkRule[]) {
    this.#rules = rules.map((rule) => ({
      hosts: new DomainSet(rule.hosts),
      networks: new NetworkSet(rule.networks),
      rule,
    }));
  }

  /**
   * @param ip - empty for a Unix-domain socket
   * @param port - 0 for a Unix-domain socket
   */
  of(host: string, ip: string, port: number): QuirksOfHost {
    if (this.#rules.length === 0) return none;
    const meant = this.#rules.filter(
      ({ hosts, networks, rule }) =>
        (hosts.has(host) || networks.has(ip)) && (rule.port === undefined || rule.port === port),
    );
    if (meant.length === 0) return none;
    const depths = meant.flatMap(({ rule }) => rule.pipelineDepth ?? []);
    const ownNames = meant.flatMap(({ rule }) => rule.ownName ?? []);
    return {
      extensions: new Set(meant.flatMap(({ rule }) => rule.extensions)),
      pipelineDepth: depths.length === 0 ? undefined : Math.min(...depths),
      ownName: ownNames.includes('accept') ? 'accept' : ownNames[0],
    };
  }
}
