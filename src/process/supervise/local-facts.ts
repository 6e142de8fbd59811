// What operators are told of the roles of a single process: what they count, and what is wrong.

import { EventCounters } from '../../log/event-counters.ts';
import { type ReportedTrouble, TroubleBoard } from '../../stats/trouble-board.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import type { SupervisorTells } from '../roles/control-role.ts';

export class LocalFacts {
  readonly #troubles: Troubles;
  readonly #counters = new Map<string, EventCounters>();

  constructor(troubles: Troubles) {
    this.#troubles = troubles;
  }

  get allTroubles(): readonly ReportedTrouble[] {
    const board = new TroubleBoard();
    board.set('sluice', this.#troubles.list);
    return board.list;
  }

  /** The counters of a role: the same ones each time. */
  countersOf(role: string): EventCounters {
    const counters = this.#counters.get(role) ?? new EventCounters();
    this.#counters.set(role, counters);
    return counters;
  }

  /** What the control role is told. */
  tells(served: () => readonly CertificateFacts[]): SupervisorTells {
    return {
      allTroubles: () => this.allTroubles,
      served,
      totals: () => Object.fromEntries([...this.#counters].map(([role, { withTimes }]) => [role, withTimes])),
      troubles: this.#troubles,
      counters: this.countersOf('control'),
    };
  }
}
