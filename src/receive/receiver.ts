// The listeners of one receiver process, and the limits that they have in common.

import type { ListenAddress } from '../values/listen-address.ts';
import { KeptListeners, type KeptParts } from './kept-listeners.ts';
import { Listener, type ListenerOptions } from './listener.ts';
import { SharedLimits } from './shared-limits.ts';
import type { ReceiveSettings } from './types.ts';

export type ReceiverParts = KeptParts;

export class Receiver {
  readonly #shared: SharedLimits;
  readonly #listeners: KeptListeners<ListenerOptions>;

  /** @param settings - with the limits that all listeners have in common */
  constructor(settings: ReceiveSettings, parts: ReceiverParts) {
    this.#shared = new SharedLimits(settings);
    this.#listeners = new KeptListeners((options) => new Listener(options, this.#shared, parts), parts);
  }

  get connections(): number {
    return this.#shared.connections;
  }

  /**
   * Opens the first listeners. Resolves to their addresses, with the ports that the system chose.
   * @throws {StartError} when an address cannot be had
   */
  start(all: readonly ListenerOptions[]): Promise<ListenAddress[]> {
    return this.#listeners.start(all);
  }

  /** As `KeptListeners.configure`. @param settings - as in the constructor */
  configure(settings: ReceiveSettings, all: readonly ListenerOptions[]): Promise<readonly string[]> {
    this.#shared.configure(settings);
    return this.#listeners.configure(all);
  }

  /** Stops listening, finishes the messages that are being received, then calls back. */
  drain(whenDrained: () => void): void {
    this.#listeners.drain(whenDrained);
  }

  /** Ends every session at once. Clients send again what was not answered 250. */
  abandon(): void {
    this.#listeners.abandon();
  }
}
