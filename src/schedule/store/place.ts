// Where a connection may go, and limits that were looked up, as counters and gates.

import { isSocketHop } from '../../route/next-hop.ts';
import type { NextHopAddress } from '../../route/types.ts';
import { tlsPolicyKey } from '../../values/tls-policy.ts';

/** Limits that were looked up. Their counters and gates are kept until `dropLimits`. */
export interface HeldLimits {
  /** Counters of connections. */
  readonly slots: readonly number[];
  /** Gates of rates. */
  readonly connectionGates: readonly number[];
  readonly messageGates: readonly number[];
  readonly recipientGates: readonly number[];
  readonly messagesPerConnection: number;
  /** Upper limit of recipients in one transaction; the burst of a recipient rate may lower it. */
  readonly recipientsPerMessage: number;
}

/** One address of one host, reached from one of our own addresses. */
export interface Place {
  /** `RelayPlan.site`. */
  readonly site: string;
  readonly hop: NextHopAddress;
  /** Our own address; '' when the system chooses it. */
  readonly source: string;
  readonly limits: HeldLimits;
  /**
   * The row of `AddressStore` for failures of the hop's TLS policy or log-in; empty when it has the default policy, which cannot fail, and
   * no log-in.
   */
  readonly policyKey: string;
  /** How many connections use this place, plus one while the site lists it. */
  users: number;
}

/**
 * See `Place.policyKey`. No key of a hop has a tab. All addresses of a host with a log-in share one: they know the same passwords, and a
 * wrong one that is tried at each of them brings a ban.
 */
export function policyKeyOf(hop: NextHopAddress): string {
  if (!isSocketHop(hop)) return '';
  const tls = tlsPolicyKey(hop.tls);
  if (hop.login !== undefined) return `${hop.host}${portText(hop)}\t+${hop.login.id}\t${tls}`;
  return hop.tls === undefined ? '' : `${hop.key}\t${tls}`;
}

/** What a `Place.policyKey` is about, for people: `192.0.2.1:25 with this TLS policy`. */
export function policyKeyText(key: string): string {
  const [server = '', policy = ''] = key.split('\t');
  if (policy === '') return server;
  // The id of a log-in is the name of the credential and a digest; a TLS policy is an array in JSON.
  return policy.startsWith('+')
    ? `${server} with the credential "${policy.slice(1, policy.lastIndexOf('~'))}"`
    : `${server} with this TLS policy`;
}

function portText({ endpoint }: NextHopAddress): string {
  return endpoint.kind === 'tcp' ? `:${endpoint.port}` : '';
}
