// Decides by the NOTIFY parameter (RFC 3461 4.1) whether a recipient's outcome is reported to the sender.

import type { DsnNotify } from '../message/envelope.ts';

/** What a DSN says about a recipient (RFC 3464 2.3.3). */
export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** True when `action` is to be reported. Without NOTIFY, failures and delays are (RFC 3461 4.1 and 5.2.7). */
export function wantsReport(notify: DsnNotify | undefined, action: DsnAction): boolean {
  if (notify === undefined) return action === 'failed' || action === 'delayed';
  if (notify.never) return false;
  if (action === 'failed') return notify.failure;
  if (action === 'delayed') return notify.delay;
  // RFC 3461 5.2.2: `relayed` is the only success that can be reported for a server without DSN; 5.2.7.3: `expanded` for an alias
  // with several targets.
  return notify.success;
}
