// Gives the domains of a world TLS policies, and judges that no message goes over a connection whose policy is not that of its domain.
// Domains of one site have different ones.

import type { NextHopAddress, RoutePlan } from '../../src/route/types.ts';
import type { Network } from '../../src/simulate/network.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { tlsPolicyKey, type HopTlsPolicy } from '../../src/values/tls-policy.ts';
import { check, type Ledger } from './ledger.ts';

const policy: HopTlsPolicy = {
  level: 'required',
  from: 'configuration',
  policyDomain: '',
  serverName: '',
  names: [],
  fingerprints: [],
  tlsa: [],
  implicit: false,
  needsRequireTls: false,
  settings: '',
};

/** A third of the domains each: the default, and two others. */
const policies: readonly (HopTlsPolicy | undefined)[] = [undefined, policy, { ...policy, level: 'verified' }];

export class TlsPolicies extends Witness {
  readonly #ledger: Ledger;
  /** Grants of messages whose domain has another policy than the default. */
  judged = 0;

  constructor(ledger: Ledger) {
    super();
    this.#ledger = ledger;
  }

  override granted(visit: Visit, number: number, recipients: readonly number[]): void {
    const message = this.#ledger.message(number);
    const key = policyKey(visit.hop);
    for (const each of message.recipients) {
      if (!recipients.includes(each.recipient)) continue;
      const wanted = tlsPolicyKey(policyOf(each.domain));
      check(
        key === wanted,
        () =>
          `${message.queueId} to ${each.domain}, with the policy ${wanted}, goes over a connection to ${visit.hop.key} with ${key}`,
      );
      if (wanted !== '') this.judged++;
    }
  }
}

/**
 * The network with policies in its plans.
 * @param tells - false: plans do not tell that their policies differ, so that connections are shared by all
 */
export function withTlsPolicies(network: Network, tells: boolean): Network {
  return {
    plan: (route, nowMs) => secured(network.plan(route, nowMs), domainOf(route), tells),
    planDelayMs: (route) => network.planDelayMs(route),
    host: (address) => network.host(address),
  };
}

function secured(plan: RoutePlan, domain: string, tells: boolean): RoutePlan {
  const tls = policyOf(domain);
  if (plan.kind === 'error' || tls === undefined) return plan;
  const addresses = plan.addresses.map((hop) =>
    hop.transport === 'discard' ? hop : Object.assign({}, hop, { tls }),
  );
  return { ...plan, addresses, ...(tells && { security: tls.level }) };
}

function policyOf(domain: string): HopTlsPolicy | undefined {
  let sum = 0;
  for (let at = 0; at < domain.length; at++) sum += domain.charCodeAt(at);
  return policies[sum % policies.length];
}

function policyKey(hop: NextHopAddress): string {
  return hop.transport === 'discard' ? '' : tlsPolicyKey(hop.tls);
}

function domainOf(route: string): string {
  return route.slice(route.indexOf(':') + 1);
}
