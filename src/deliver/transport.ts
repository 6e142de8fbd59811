// What a transport is: a way to hand messages over, such as SMTP, of which each grant opens one connection. `open-transport.ts`
// chooses it. The manager, the scheduler and the sender process know connections only by this contract.
//
// A connection reports to `DeliveryReports`, in this order: `ready` once, when a first transaction can begin; `done` for each
// transaction, with exactly one result for each of its recipients; `closed` once, at its end. One that never became ready reports
// `closed` alone. A transaction that was granted and not begun is not reported: `closed` with `unused` gives it back.

import type { Work } from './types.ts';

/** One connection of a transport, which carries out one transaction at a time. No method throws. */
export interface TransportConnection {
  /** Takes another transaction after the last one is done; begins it as soon as possible, and never after `quit`. */
  transact(work: Work): void;
  /** Ends the connection after the transaction in hand; no more work will come. */
  quit(): void;
  /** Ends the connection because the manager is lost: the transaction in hand is finished, and no other begins. */
  finish(): void;
  /** Ends the connection before it returns. The transaction in hand is reported as one whose connection was lost. */
  abandon(): void;
}
