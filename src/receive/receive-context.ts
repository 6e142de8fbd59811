// What all incoming connections of a process share.

import type { Deadlines } from '../io/deadlines.ts';
import type { RelayPolicy } from '../policy/relay-policy.ts';
import type { Tenants } from '../policy/tenants.ts';
import type { SpoolWriter } from '../spool/types.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { ReceiveLog } from './receive-log.ts';
import type { StoreWatch } from './store-watch.ts';
import type { Intake, ReceiveSettings } from './types.ts';

/**
 * What a connection needs from its process. A connection keeps the settings with which it began; a change of tenants applies to
 * all connections at once.
 */
export interface ReceiveContext {
  readonly settings: ReceiveSettings;
  readonly relay: RelayPolicy;
  readonly tenants: Tenants;
  readonly spool: SpoolWriter;
  readonly storeWatch: StoreWatch;
  readonly intake: Intake;
  readonly memory: MemoryBudget;
  readonly deadlines: Deadlines;
  readonly log: ReceiveLog;
}
