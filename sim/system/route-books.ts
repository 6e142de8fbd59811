// Where mail of each domain may arrive: by its MX, or where a route of the configuration sends it. After a reload mail that
// waits takes the new routes; what was granted just before may still go the old way.

import type { Config } from '../../src/config/config.ts';
import { check } from '../world/ledger.ts';
import type { Internet } from './internet.ts';

/**
 * For so long after a reload the routes of before may still be taken: what is in flight is looked at again every five seconds,
 * and may have been granted once more in between.
 */
const graceMs = 30_000;

interface Routes {
  readonly config: Config;
  /** Others are in force from then on. */
  endedMs: number;
}

export class RouteBooks {
  readonly #internet: Internet;
  readonly #routes: Routes[] = [];

  constructor(internet: Internet) {
    this.#internet = internet;
  }

  /** The manager goes by this from now on. */
  configured(config: Config, nowMs: number): void {
    const last = this.#routes.at(-1);
    if (last?.config === config) return;
    if (last !== undefined) last.endedMs = nowMs;
    this.#routes.push({ config, endedMs: Infinity });
  }

  /** A transaction begins. @param grantedMs - when it was granted */
  begins(domains: readonly string[], host: string, grantedMs: number): void {
    const inForce = this.#routes.filter(({ endedMs }) => grantedMs <= endedMs + graceMs);
    for (const domain of domains) {
      const isRoute = inForce.some(({ config }) => this.#hostsOf(config, domain).includes(host));
      check(
        isRoute,
        () => `mail for ${domain} goes to ${host}, granted at ${grantedMs}, and is on none of its routes`,
      );
    }
  }

  #hostsOf({ route }: Config, domain: string): readonly string[] {
    for (const each of route) {
      const isMeant = each.domain.some((pattern) => pattern.kind === 'exact' && pattern.domain === domain);
      if (isMeant && each.kind === 'relay') return each.relay.map(({ host }) => host);
    }
    return (this.#internet.domains.get(domain)?.hosts ?? []).map(({ name }) => name);
  }
}
