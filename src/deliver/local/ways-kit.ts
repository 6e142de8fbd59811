// What transports need that end on this host.

import type { AliasTables } from '../mailbox/expand-alias.ts';
import type { RoomReports } from '../mailbox/room-reports.ts';
import type { WarningSender } from '../mailbox/quota-warning.ts';
import type { UserFinder } from '../mailbox/user-lookups.ts';
import type { SystemDeliveries } from '../system/system-deliveries.ts';
import type { Programs } from '../pipe/programs.ts';

export interface WaysKit {
  /** Of this spool, in which files may lie for the time of a run. */
  readonly folder: string;
  readonly programs: Programs;
  /** Who delivers as users of the system. */
  readonly systemUsers: SystemDeliveries;
  /** Who has a mailbox. */
  readonly users: UserFinder;
  /** Which names stand for other addresses. */
  readonly aliases: AliasTables;
  /** Which mailboxes take no more mail. */
  readonly room: RoomReports;
  /** Who tells users that their mailboxes are nearly full. */
  readonly warner: () => WarningSender;
}
