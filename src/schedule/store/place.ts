// Where a connection may go, and the limits that hold for something at hand, as counters and gates.

import type { NextHopAddress } from '../../route/types.ts';

/** Limits that were looked up: counters and gates are kept while this is of use. */
export interface HeldLimits {
  /** Counters of connections. */
  readonly slots: readonly number[];
  /** Gates of rates. */
  readonly connectionGates: readonly number[];
  readonly messageGates: readonly number[];
  readonly recipientGates: readonly number[];
  readonly messagesPerConnection: number;
  /** As many recipients as one transaction may have, also because of a recipient rate. */
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
  /** Connections, and the site's list while it names this. */
  users: number;
}
