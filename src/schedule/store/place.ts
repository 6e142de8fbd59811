// Where a connection may go, and limits that were looked up, as counters and gates.

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
  /** The row of `AddressStore` for failures of the hop's TLS policy; empty when it has the default policy, which cannot fail. */
  readonly policyKey: string;
  /** How many connections use this place, plus one while the site lists it. */
  users: number;
}

/** See `Place.policyKey`. No key of a hop has a tab. */
export function policyKeyOf(hop: NextHopAddress): string {
  if (hop.transport === 'discard' || hop.tls === undefined) return '';
  return `${hop.key}\t${tlsPolicyKey(hop.tls)}`;
}
