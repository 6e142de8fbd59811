// Hands the numbers of this server to programs of others, as the configuration says. Nothing waits for them, and no part of Sluice that
// decides about mail can read them: the room stands above all of those.

import type { Config } from '../config/config.ts';
import type { StatusAnswer, StatusQuestion } from '../control/operations/status.ts';
import { formatEndpoint } from '../values/endpoint.ts';
import type { Troubles } from '../stats/troubles.ts';
import { countedFamilies } from './counted-families.ts';
import { currentFamilies, statusQuestion } from './current-families.ts';
import { prometheusText } from './prometheus-text.ts';
import type { Family } from './families.ts';
import { ScrapeServer } from './scrape-server.ts';
import { Statsd } from './statsd.ts';
import type { RoleTotals } from './totals.ts';

type StatisticsSettings = Config['statistics'];

export interface StatisticsParts {
  readonly status: (question: StatusQuestion) => Promise<StatusAnswer>;
  /** What all processes have counted. */
  readonly totals: () => RoleTotals;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  /** A datagram for StatsD did not arrive. */
  readonly dropped: () => void;
}

export class Statistics {
  readonly #parts: StatisticsParts;
  #prometheus: { readonly at: string; readonly server: ScrapeServer } | undefined;
  #statsd: { readonly to: string; readonly pushes: Statsd } | undefined;

  constructor(parts: StatisticsParts) {
    this.#parts = parts;
  }

  configure({ prometheus, statsd, statsdPrefix, statsdEvery }: StatisticsSettings): void {
    const collect = (): Promise<readonly Family[]> => this.#collect();
    const at = prometheus === undefined ? '' : formatEndpoint(prometheus);
    if (at !== (this.#prometheus?.at ?? '')) {
      this.#prometheus?.server.close();
      const { troubles } = this.#parts;
      const scraped = { collect: async () => prometheusText(await collect()), troubles };
      this.#prometheus = prometheus && { at, server: new ScrapeServer(prometheus, scraped) };
    }
    const to = statsd === undefined ? '' : `${formatEndpoint(statsd)} ${statsdPrefix} ${statsdEvery}`;
    if (to !== (this.#statsd?.to ?? '')) {
      this.#statsd?.pushes.close();
      const { dropped } = this.#parts;
      const options = { prefix: statsdPrefix, everyMs: statsdEvery, collect, dropped };
      this.#statsd = statsd && { to, pushes: new Statsd({ to: statsd, ...options }) };
    }
  }

  close(): void {
    this.#prometheus?.server.close();
    this.#statsd?.pushes.close();
  }

  async #collect(): Promise<readonly Family[]> {
    const status = await this.#parts.status(statusQuestion);
    return [...currentFamilies(status), ...countedFamilies(this.#parts.totals())];
  }
}
