// The statistics of the control role. Their code is loaded when the configuration asks for them.

import type { Config } from '../../config/config.ts';
import type { Statistics, StatisticsParts } from '../../statistics/statistics.ts';

export class LaterStatistics {
  readonly #parts: StatisticsParts;
  #statistics: Statistics | undefined;
  #isClosed = false;

  constructor(parts: StatisticsParts) {
    this.#parts = parts;
  }

  async configure(settings: Config['statistics']): Promise<void> {
    if (this.#statistics === undefined && settings.prometheus === undefined && settings.statsd === undefined)
      return;
    const { Statistics: Loaded } = await import('../../statistics/statistics.ts');
    if (this.#isClosed) return;
    this.#statistics ??= new Loaded(this.#parts);
    this.#statistics.configure(settings);
  }

  close(): void {
    this.#isClosed = true;
    this.#statistics?.close();
  }
}
