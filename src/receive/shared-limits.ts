// The limits that all listeners of a process have in common, and how much of them is used.

import { ClientLimits } from './client-limits.ts';
import type { ReceiveSettings } from './types.ts';

export class SharedLimits {
  /** Connections to all listeners. */
  connections = 0;
  #settings: ReceiveSettings;
  #clients: ClientLimits;

  constructor(settings: ReceiveSettings) {
    this.#settings = settings;
    this.#clients = clientLimitsOf(settings);
  }

  get maxConnections(): number {
    return this.#settings.maxConnections;
  }

  get clients(): ClientLimits {
    return this.#clients;
  }

  configure(settings: ReceiveSettings): void {
    if (!hasSameClientLimits(this.#settings, settings)) this.#clients = clientLimitsOf(settings);
    this.#settings = settings;
  }
}

export function clientLimitsOf(settings: ReceiveSettings): ClientLimits {
  return new ClientLimits(settings.maxConnectionsPerClient, settings.connectionRatePerClient);
}

/** Whether the limits of clients may go on, with what they have counted. */
export function hasSameClientLimits(a: ReceiveSettings, b: ReceiveSettings): boolean {
  return (
    a.maxConnectionsPerClient === b.maxConnectionsPerClient &&
    a.connectionRatePerClient.count === b.connectionRatePerClient.count &&
    a.connectionRatePerClient.perMs === b.connectionRatePerClient.perMs
  );
}
