// Domains of which a server accepts every recipient, so that asking it refuses nobody: a recipient whom nobody can have is asked for, once a day
// for each domain. Mail goes on as if it were not known; the administrator is told.

import { randomBytes } from 'node:crypto';
import { RecentMap } from '../../dns/recent-map.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { AskOutcome } from './call-ahead-types.ts';

const againMs = 24 * 3_600_000;
/** Of which it is remembered when they were looked at. */
const mostDomains = 1_000;
/** That are named. */
const mostNamed = 3;

export interface OpenDomainsParts {
  /** The servers, for people. */
  readonly name: string;
  readonly ask: (address: string) => Promise<AskOutcome>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  readonly log: { warn(text: string): void };
  readonly nowMs: () => number;
}

export class OpenDomains {
  readonly #parts: OpenDomainsParts;
  readonly #lookedAtMs = new RecentMap<string, number>(mostDomains);
  readonly #open = new Set<string>();

  constructor(parts: OpenDomainsParts) {
    this.#parts = parts;
  }

  /** A recipient of the domain was accepted. */
  seen(domain: string): void {
    const { nowMs } = this.#parts;
    const lookedAtMs = this.#lookedAtMs.get(domain) ?? -Infinity;
    if (nowMs() < lookedAtMs + againMs) return;
    this.#lookedAtMs.set(domain, nowMs());
    void this.#look(domain);
  }

  close(): void {
    this.#open.clear();
    this.#tell();
  }

  async #look(domain: string): Promise<void> {
    const { ask, log, name } = this.#parts;
    // Nobody has guessed this one.
    const { kind } = await ask(`sluice-check-${randomBytes(8).toString('hex')}@${domain}`);
    if (kind === 'unasked' || (kind === 'accepted') === this.#open.has(domain)) return;
    if (kind === 'accepted' && this.#open.size < mostDomains) {
      this.#open.add(domain);
      log.warn(`recipients by ${name}: every recipient at ${domain} is accepted there`);
    } else this.#open.delete(domain);
    this.#tell();
  }

  #tell(): void {
    const { name, troubles } = this.#parts;
    const key = `recipients:${name} accepts all` as const;
    if (this.#open.size === 0) {
      troubles.clear(key);
      return;
    }
    const named = [...this.#open].slice(0, mostNamed).join(', ');
    const more = this.#open.size > mostNamed ? ` and ${this.#open.size - mostNamed} more domains` : '';
    troubles.raise(
      key,
      'warning',
      `${name} accepts every recipient at ${named}${more}: mail to unknown recipients is not refused here.`,
      'Let that server refuse unknown recipients at RCPT, or give another source in [[recipients]].',
    );
  }
}
