// Gives the domains of a world TLS policies and log-ins, and judges that no message goes over a connection whose policy is not that of its
// domain, or that has logged in for other mail. Domains of one site have different ones.

import type { RoutePlan } from '../../src/route/types.ts';
import type { Network } from '../../src/simulate/network.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import type { HopLogin } from '../../src/values/hop-login.ts';
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

/** What a connection for a domain must have. */
interface Demand {
  readonly tls?: HopTlsPolicy;
  readonly login?: HopLogin;
}

const verified: HopTlsPolicy = { ...policy, level: 'verified' };
const loginOf = (credential: string): HopLogin => ({ credential, id: `${credential}~digest` });

/** As many domains each: the default, two other policies, and two log-ins under the same policy. */
const demands: readonly Demand[] = [
  {},
  { tls: policy },
  { tls: verified },
  { tls: verified, login: loginOf('shop') },
  { tls: verified, login: loginOf('rest') },
];

export class TlsPolicies extends Witness {
  readonly #ledger: Ledger;
  /** Grants of messages whose domain has another policy than the default, or a log-in. */
  judged = 0;

  constructor(ledger: Ledger) {
    super();
    this.#ledger = ledger;
  }

  override granted(visit: Visit, number: number, recipients: readonly number[]): void {
    const message = this.#ledger.message(number);
    const key = demandKey(visit.hop.transport === 'discard' ? {} : visit.hop);
    for (const each of message.recipients) {
      if (!recipients.includes(each.recipient)) continue;
      const wanted = demandKey(demandOf(each.domain));
      check(
        key === wanted,
        () =>
          `${message.queueId} to ${each.domain}, with the demand ${wanted}, goes over a connection to ${visit.hop.key} with ${key}`,
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
  const demand = demandOf(domain);
  if (plan.kind === 'error' || demand.tls === undefined) return plan;
  const addresses = plan.addresses.map((hop) =>
    hop.transport === 'discard' ? hop : Object.assign({}, hop, demand),
  );
  return { ...plan, addresses, ...(tells && { security: demandKey(demand) }) };
}

function demandOf(domain: string): Demand {
  let sum = 0;
  for (let at = 0; at < domain.length; at++) sum += domain.charCodeAt(at);
  return demands[sum % demands.length] ?? {};
}

/** Empty for the default. */
function demandKey({ login, tls }: { readonly [Name in keyof Demand]: Demand[Name] | undefined }): string {
  return login === undefined ? tlsPolicyKey(tls) : `${login.id} ${tlsPolicyKey(tls)}`;
}

function domainOf(route: string): string {
  return route.slice(route.indexOf(':') + 1);
}
