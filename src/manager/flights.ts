// Transactions in flight, by connection, in the order of their grants. Promises: a message in flight is pinned in the spool once for each of its
// transactions, until the outcomes of that transaction are booked.

import type { Work } from '../deliver/types.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { ConnectionHandle, Transaction } from '../schedule/types.ts';
import { nowhere, type SpoolStore } from '../spool/types.ts';
import type { Admission } from './admission.ts';

/** A message younger than this is read from the page cache without a thread hop. */
const freshMs = 60_000;

export interface Flight {
  readonly queueId: string;
  readonly transaction: Transaction;
}

/** The oldest transaction of a connection, for those who watch over it. */
export interface FlightInHand {
  readonly queueId: string;
  readonly connection: number;
  /** Number of its recipients. */
  readonly recipients: number;
  /** Since when it is the oldest one, in the scheduler's time. */
  readonly sinceMs: number;
}

/** A flight with the one that was granted after it on the same connection. */
interface ListedFlight extends Flight {
  behind: ListedFlight | undefined;
  /** Since when it is the oldest of its connection. */
  sinceMs: number;
}

export interface FlightsParts {
  readonly store: Pick<SpoolStore, 'locate' | 'pin' | 'unpin'>;
  readonly admission: Pick<Admission, 'queueIdOf' | 'receivedAtMs'>;
  readonly clock: Pick<DatedClock, 'dateMs' | 'nowMs'>;
}

export class Flights {
  readonly #parts: FlightsParts;
  /** The oldest one of each connection. */
  readonly #byConnection = new Map<number, ListedFlight>();

  constructor(parts: FlightsParts) {
    this.#parts = parts;
  }

  /** Records a granted transaction; returns the work for its sender. */
  begin(connection: ConnectionHandle, transaction: Transaction): Work {
    const { store, admission, clock } = this.#parts;
    const queueId = admission.queueIdOf(transaction.message);
    const ref = store.locate(queueId) ?? nowhere;
    store.pin(queueId);
    this.#add(connection, { queueId, transaction, behind: undefined, sinceMs: clock.nowMs() });
    const ageMs = clock.dateMs() - admission.receivedAtMs(transaction.message);
    const work = { queueId, ref, recipients: transaction.recipients, fresh: ageMs < freshMs };
    return transaction.isLast ? { ...work, isLast: true } : work;
  }

  /** The oldest transaction in flight on a connection. */
  on(connection: number): Flight | undefined {
    return this.#byConnection.get(connection);
  }

  /** The oldest transaction of each connection. */
  *inHand(): IterableIterator<FlightInHand> {
    for (const [connection, { queueId, transaction, sinceMs }] of this.#byConnection)
      yield { queueId, connection, recipients: transaction.recipients.length, sinceMs };
  }

  /** Ends the oldest flight on a connection. Call `release` when its outcomes are booked. */
  end(connection: number): Flight | undefined {
    const flight = this.#byConnection.get(connection);
    if (flight?.behind !== undefined) {
      flight.behind.sinceMs = this.#parts.clock.nowMs();
      this.#byConnection.set(connection, flight.behind);
    } else if (flight !== undefined) this.#byConnection.delete(connection);
    return flight;
  }

  /** Unpins the message: the spool may move it again, and forget it when it is done. */
  release({ queueId }: Flight): void {
    this.#parts.store.unpin(queueId);
  }

  #add(connection: number, flight: ListedFlight): void {
    let last = this.#byConnection.get(connection);
    if (last === undefined) {
      this.#byConnection.set(connection, flight);
      return;
    }
    while (last.behind !== undefined) last = last.behind;
    last.behind = flight;
  }
}
