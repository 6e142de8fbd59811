// Connections that bring no mail, as the scheduler counts them.

import type { RelayPlan, SocketHop } from '../../route/types.ts';
import type { ConnectionHandle } from './handles.ts';

/** Where a connection without mail goes: as mail of this route would. */
export interface VisitTarget {
  /** `RouteKey.key`. */
  readonly key: string;
  readonly domain: string;
  /** Name of the tenant; '' for none. */
  readonly tenant: string;
  readonly plan: RelayPlan;
  /** Limits of 0, by which an operator holds mail, do not hold this: it answers somebody who waits, and sends nothing. */
  readonly despiteHolds?: boolean;
  /** Keys of hops that were visited before. */
  readonly except: ReadonlySet<string>;
}

/** A visit that somebody waits for. */
export interface WaitingVisit {
  readonly target: VisitTarget;
  /** Counters that were full when it was tried last: it is tried again when one of them has room. */
  readonly blockers: readonly number[];
}

/** A connection without mail, whose limits are reserved until `visitEnded`. */
export interface Visit {
  readonly connection: ConnectionHandle;
  readonly hop: SocketHop;
  /** Our own address to connect from; '': the system chooses. */
  readonly source: string;
}
