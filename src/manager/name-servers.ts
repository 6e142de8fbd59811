// Reports the beginning and the end of an outage of all name servers: in the log, in `sluice status`, and to the manager, which
// repeats waiting look-ups after it and lets no lifetime end meanwhile.

import type { Outage } from '../dns/types.ts';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';

/** A resolver that reports when no name server answers, and when one does again. */
export interface OutageSource {
  onOutage(changed: (outage: Outage | undefined) => void): void;
}

export interface NameServersParts {
  readonly log: Logger;
  readonly troubles: Troubles;
  /** Ms on a monotonic clock. */
  readonly nowMs: () => number;
  /** Called at the beginning and at the end of an outage. */
  readonly changed: (isOutage: boolean) => void;
}

export class NameServers {
  readonly #parts: NameServersParts;
  #isOutage = false;
  #sinceMs = 0;

  constructor(parts: NameServersParts) {
    this.#parts = parts;
  }

  /** Uses this resolver from now on. An outage of an earlier one counts as over: nothing is known yet about the new servers. */
  use(resolver: OutageSource): void {
    if (this.#isOutage) this.#ended('the name servers of the new configuration are asked');
    resolver.onOutage((outage) => {
      if (outage !== undefined) this.#begun(outage);
      else this.#ended(`a name server answers again, after ${this.#lengthText()}`);
    });
  }

  #begun({ reason }: Outage): void {
    const { log, troubles, changed } = this.#parts;
    this.#isOutage = true;
    this.#sinceMs = this.#parts.nowMs();
    const text = `no name server answers (${reason}): mail whose destination has to be looked up waits, without attempts, until one does`;
    log.error(text, { code: 'DNS_SILENT' });
    troubles.raise('dns', 'critical', `N${text.slice(1)}.`, advice);
    changed(true);
  }

  #ended(text: string): void {
    const { log, troubles, changed } = this.#parts;
    if (!this.#isOutage) return;
    this.#isOutage = false;
    log.info(`${text}: mail that waited for one goes on`);
    troubles.clear('dns');
    changed(false);
  }

  #lengthText(): string {
    const seconds = Math.round((this.#parts.nowMs() - this.#sinceMs) / 1_000);
    return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} minutes`;
  }
}

const advice =
  'Make sure that a name server of [dns] servers or /etc/resolv.conf runs and can be reached, e.g. with "dig NS . @ADDRESS". Then nothing has to be done in Sluice.';
