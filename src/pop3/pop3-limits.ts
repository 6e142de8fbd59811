// The limits that all POP3 listeners of a process have in common, and how much of them is used.

import { ClientLimits } from '../receive/client-limits.ts';
import type { Rate } from '../values/rate.ts';

export interface Pop3LimitSettings {
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  readonly connectionRatePerClient: Rate;
}

export class Pop3Limits {
  /** Connections to all listeners. */
  connections = 0;
  #settings: Pop3LimitSettings;
  #clients: ClientLimits;

  constructor(settings: Pop3LimitSettings) {
    this.#settings = settings;
    this.#clients = clientsOf(settings);
  }

  get maxConnections(): number {
    return this.#settings.maxConnections;
  }

  get clients(): ClientLimits {
    return this.#clients;
  }

  /** What was counted goes on if the limits of clients stay the same. */
  configure(settings: Pop3LimitSettings): void {
    const { maxConnectionsPerClient: most, connectionRatePerClient: rate } = this.#settings;
    const next = settings.connectionRatePerClient;
    const isSame =
      settings.maxConnectionsPerClient === most && next.count === rate.count && next.perMs === rate.perMs;
    this.#settings = settings;
    if (!isSame) this.#clients = clientsOf(settings);
  }
}

function clientsOf({ maxConnectionsPerClient, connectionRatePerClient }: Pop3LimitSettings): ClientLimits {
  return new ClientLimits(maxConnectionsPerClient, connectionRatePerClient);
}
