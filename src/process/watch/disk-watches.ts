// The watches over the disks of all queues, while queues are added, stopped, started and moved.

import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { type DiskConfig, DiskWatch, watchedDisks } from './disk-watch.ts';

type StoreConfig = Pick<Config, 'spool' | 'queue' | 'queues'>;

export class DiskWatches {
  readonly #troubles: Troubles;
  readonly #log: Pick<Logger, 'error' | 'info'>;
  /** By folder. */
  readonly #watches = new Map<string, DiskWatch>();

  constructor(troubles: Troubles, log: Pick<Logger, 'error' | 'info'>) {
    this.#troubles = troubles;
    this.#log = log;
  }

  /** Watches the disks of this configuration, and no others. */
  configure(config: StoreConfig): void {
    const disks = watchedDisks(config);
    const wanted = new Set(disks.map(({ spool }) => spool));
    for (const [folder, watch] of this.#watches) {
      if (wanted.has(folder)) continue;
      watch.stop({ forGood: true });
      this.#watches.delete(folder);
    }
    for (const disk of disks) if (!this.#watches.has(disk.spool)) this.#begin(disk);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
  }

  #begin(disk: DiskConfig): void {
    const watch = new DiskWatch(disk, this.#troubles, this.#log);
    this.#watches.set(disk.spool, watch);
    watch.start();
  }
}
