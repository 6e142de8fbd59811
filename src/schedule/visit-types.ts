// Connections that bring no mail, as the scheduler counts them.

import type { RelayPlan, SocketHop } from '../route/types.ts';
import type { ConnectionHandle } from './types.ts';

/** Where a connection without mail goes: as mail of this route would. */
export interface VisitTarget {
  /** `RouteKey.key`. */
  readonly key: string;
  readonly domain: string;
  /** Name of the tenant; '' for none. */
  readonly tenant: string;
  readonly plan: RelayPlan;
  /** Keys of hops that were visited before. */
  readonly except: ReadonlySet<string>;
}

/** A connection without mail, whose limits are reserved until `visitEnded`. */
export interface Visit {
  readonly connection: ConnectionHandle;
  readonly hop: SocketHop;
  /** Our own address to connect from; '': the system chooses. */
  readonly source: string;
}
