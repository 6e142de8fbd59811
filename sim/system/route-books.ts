// Where mail of each domain may arrive: by its MX, or where a route of the configuration sends it. After a reload, mail that
// waits takes the new routes at once. What is in flight then may be granted on its old route again, until it has waited for so
// long that the manager must have looked at it.

import type { Config } from '../../src/config/config.ts';
import { check } from '../world/ledger.ts';
import type { Internet } from './internet.ts';
import type { RoutingPlugin } from './routing-plugin.ts';

/** What was in flight is looked at again every five seconds. */
const sweepMs = 5_500;

/** Routes that mail for a domain may take. */
export interface MayTake {
  readonly domain: string;
  readonly configs: ReadonlySet<Config>;
}

interface Recipient {
  /** It may have a route of any of these. */
  configs: ReadonlySet<Config>;
  isInFlight: boolean;
  waitsSinceMs: number;
}

interface Flight {
  readonly queueId: string;
  readonly recipients: readonly number[];
}

export interface RouteBooksOptions {
  readonly internet: Internet;
  /** A plugin that says which way mail goes. */
  readonly plugin?: RoutingPlugin;
  readonly nowMs: () => number;
  /** When the manager was last held up: what it does every few seconds is late then. */
  readonly lateAtMs: () => number;
}

export class RouteBooks {
  readonly #options: RouteBooksOptions;
  #config: Config | undefined;
  #before: Config | undefined;
  #changedAtMs = -Infinity;
  /** Recipients that were granted; the others have a route of the configuration in force. */
  readonly #recipients = new Map<string, Recipient>();
  /** By connection of the manager, the oldest first. */
  readonly #flights = new Map<number, Flight[]>();
  /** Transactions that went by a route of before. */
  seenOld = 0;

  constructor(options: RouteBooksOptions) {
    this.#options = options;
  }

  get plugin(): RoutingPlugin | undefined {
    return this.#options.plugin;
  }

  /** A new manager reads its queue: all mail has routes of this configuration. */
  managerStarts(config: Config): void {
    this.#config = config;
    this.#before = undefined;
    this.#recipients.clear();
    this.#flights.clear();
  }

  /** The manager goes by this from now on. */
  configured(config: Config): void {
    if (config.route !== this.#config?.route) {
      this.#before = this.#config;
      this.#changedAtMs = this.#options.nowMs();
    }
    this.#config = config;
    for (const [key, recipient] of this.#recipients) {
      if (recipient.isInFlight) recipient.configs = new Set([...recipient.configs, config]);
      else this.#recipients.delete(key);
    }
  }

  /** The manager grants a transaction. @param domains - of the recipients */
  granted(
    connection: number,
    { queueId, recipients }: Flight,
    domains: readonly string[],
  ): readonly MayTake[] {
    const flights = this.#flights.get(connection);
    if (flights === undefined) this.#flights.set(connection, [{ queueId, recipients }]);
    else flights.push({ queueId, recipients });
    return recipients.map((index, at) => {
      const key = keyOf(queueId, index);
      const configs = this.#configsOf(this.#recipients.get(key));
      this.#recipients.set(key, { configs, isInFlight: true, waitsSinceMs: Infinity });
      return { domain: domains[at] ?? '', configs };
    });
  }

  /** The manager has taken these messages. */
  heard(batch: readonly unknown[]): void {
    for (const message of batch) {
      const { kind, connection } = message as { readonly kind?: string; readonly connection?: number };
      if ((kind !== 'done' && kind !== 'closed') || connection === undefined) continue;
      const flights = this.#flights.get(connection) ?? [];
      if (kind === 'closed') this.#flights.delete(connection);
      // `done` is for the oldest.
      for (const flight of flights.splice(0, kind === 'done' ? 1 : flights.length)) this.#ended(flight);
    }
  }

  #ended({ queueId, recipients }: Flight): void {
    for (const index of recipients) {
      const recipient = this.#recipients.get(keyOf(queueId, index));
      if (recipient === undefined) continue;
      recipient.isInFlight = false;
      recipient.waitsSinceMs = this.#options.nowMs();
    }
  }

  /** A transaction begins at a host. */
  begins(routes: readonly MayTake[], host: string): void {
    for (const { domain, configs } of routes) {
      const isRoute = [...configs].some((config) => this.#hostsOf(config, domain).includes(host));
      check(isRoute, () => `mail for ${domain} goes to ${host}, which is on none of its routes`);
      if (this.#config !== undefined && !this.#hostsOf(this.#config, domain).includes(host)) this.seenOld++;
    }
  }

  #configsOf(recipient: Recipient | undefined): ReadonlySet<Config> {
    const nowMs = this.#options.nowMs();
    const configs = new Set(this.#config === undefined ? [] : [this.#config]);
    // Limits are put in force before mail is moved, in the same step.
    if (nowMs === this.#changedAtMs && this.#before !== undefined) configs.add(this.#before);
    if (recipient === undefined) return configs;
    const sinceMs = Math.max(recipient.waitsSinceMs, this.#options.lateAtMs());
    const isMoved = !recipient.isInFlight && nowMs > sinceMs + sweepMs;
    return isMoved ? configs : configs.union(recipient.configs);
  }

  #hostsOf({ route }: Config, domain: string): readonly string[] {
    const ordered = this.plugin?.hostOf(domain);
    if (ordered !== undefined) return [ordered];
    for (const each of route) {
      const isMeant = each.domain.some((pattern) => pattern.kind === 'exact' && pattern.domain === domain);
      if (isMeant && each.kind === 'relay') return each.relay.map(({ host }) => host);
    }
    return (this.#options.internet.domains.get(domain)?.hosts ?? []).map(({ name }) => name);
  }
}

function keyOf(queueId: string, recipient: number): string {
  return `${queueId}/${recipient}`;
}
