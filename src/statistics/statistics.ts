// Hands the numbers of this server to programs of others, as the configuration says. Nothing waits for them, and no part of Sluice that
// decides about mail can read them: the room stands above all of those.

import type { Config } from '../config/config.ts';
import type { StatusAnswer, StatusQuestion } from '../control/operations/status.ts';
import type { Endpoint } from '../values/endpoint.ts';
import type { Troubles } from '../stats/troubles.ts';
import { countedFamilies } from './counted-families.ts';
import { currentFamilies, statusQuestion } from './current-families.ts';
import { prometheusText } from './prometheus-text.ts';
import { ScrapeServer } from './scrape-server.ts';
import type { RoleTotals } from './totals.ts';

export interface StatisticsParts {
  readonly status: (question: StatusQuestion) => Promise<StatusAnswer>;
  /** What all processes have counted. */
  readonly totals: () => RoleTotals;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
}

export class Statistics {
  readonly #parts: StatisticsParts;
  #prometheus: { readonly at: Endpoint; readonly server: ScrapeServer } | undefined;

  constructor(parts: StatisticsParts) {
    this.#parts = parts;
  }

  configure({ prometheus }: Config['statistics']): void {
    const before = this.#prometheus;
    if (before?.at.host === prometheus?.host && before?.at.port === prometheus?.port) return;
    before?.server.close();
    this.#prometheus = prometheus && {
      at: prometheus,
      server: new ScrapeServer(prometheus, {
        collect: () => this.#collect(),
        troubles: this.#parts.troubles,
      }),
    };
  }

  close(): void {
    this.configure({});
  }

  async #collect(): Promise<string> {
    const status = await this.#parts.status(statusQuestion);
    return prometheusText([...currentFamilies(status), ...countedFamilies(this.#parts.totals())]);
  }
}
