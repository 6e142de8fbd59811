// What transports need that end on this host.

import type { UserFinder } from '../mailbox/user-lookups.ts';
import type { Programs } from '../pipe/programs.ts';

export interface WaysKit {
  /** Of this spool, in which files may lie for the time of a run. */
  readonly folder: string;
  readonly programs: Programs;
  /** Who has a mailbox. */
  readonly users: UserFinder;
}
