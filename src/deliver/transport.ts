// What a transport is: a way to hand messages over, such as SMTP, of which each grant opens one connection. `open-transport.ts`
// chooses it. The manager, the scheduler and the sender process know connections only by this contract.
//
// A connection reports to `DeliveryReports`, in this order: `ready` once, when a first transaction can begin, with the number that may
// be granted ahead; `done` for each transaction in the order of the grants, with exactly one result for each of its recipients; `closed`
// once, at its end. One that never became ready reports `closed` alone. Transactions that were granted and not taken up are not
// reported: `closed` with `unused` gives them back.

import type { Work } from './types.ts';

/** One connection of a transport, which carries out transactions in the order of their grants. No method throws. */
export interface TransportConnection {
  /** Takes another transaction, as long as fewer are without results than it said in `ready`; begins it as soon as possible, and never after `quit`. */
  transact(work: Work): void;
  /** Ends the connection after the transactions that have begun; no more work will come. */
  quit(): void;
  /** Ends the connection because the manager is lost: transactions that have begun are finished, and no other begins. */
  finish(): void;
  /** Ends the connection before it returns. Transactions that have begun are reported as those of a lost connection. */
  abandon(): void;
}
