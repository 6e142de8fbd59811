// Reports that have arrived, and notices that tell the postmaster that a report could not be delivered. Neither has an offer:
// they are known by their Message-IDs. Judges whether one has come twice.

import { check } from '../world/ledger.ts';
import type { Arrival } from './arrival.ts';

interface Booked {
  readonly arrivals: Arrival[];
  /** Message-IDs of the notices about it. */
  readonly notices: Set<string>;
}

export class ReportBooks {
  /** By Message-ID. A report and a notice have one recipient each. */
  readonly #booked = new Map<string, Booked>();

  /**
   * @param managerEnds - how many managers have ended since the message came that it is about
   */
  arrived(id: string, arrival: Arrival, managerEnds: number): void {
    const booked = this.#of(id);
    booked.arrivals.push(arrival);
    this.#judge(id, booked, managerEnds);
  }

  /** @param about - Message-ID of the report that could not be delivered, or is given up */
  noticed(id: string, about: string, managerEnds: number): void {
    const booked = this.#of(about);
    booked.notices.add(id);
    const { size } = booked.notices;
    check(size <= 1 + managerEnds, () => `the postmaster was told of the report ${about} ${size} times`);
    this.#judge(about, booked, managerEnds);
  }

  /** Who knew of an ending must have forgotten it before there is another one. */
  #judge(id: string, { arrivals, notices }: Booked, managerEnds: number): void {
    // A notice is stored before the report is settled: after a crash in between the report is tried again.
    const endings = arrivals.length + (notices.size > 0 && managerEnds === 0 ? 1 : 0);
    const forgotten = arrivals.filter((each) => each.forgotten !== undefined).length;
    check(
      forgotten >= endings - 1,
      () =>
        `the report ${id} arrived ${arrivals.length} times` +
        (notices.size > 0 ? ', and the postmaster was told that it could not be delivered' : ''),
    );
  }

  #of(id: string): Booked {
    let booked = this.#booked.get(id);
    if (booked === undefined) {
      booked = { arrivals: [], notices: new Set() };
      this.#booked.set(id, booked);
    }
    return booked;
  }
}
