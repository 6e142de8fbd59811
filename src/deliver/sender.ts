// The connections of one sender process: carries out grants and decides nothing.

import { localFault } from '../message/refusal.ts';
import type { ConnectionContext } from './connection-context.ts';
import { openTransport } from './open-transport.ts';
import type { TransportConnection } from './transport.ts';
import type { ConnectGrant, Work } from './types.ts';

export class Sender {
  #context: ConnectionContext;
  readonly #connections = new Map<number, TransportConnection>();
  #whenDrained: (() => void)[] = [];
  #draining = false;

  constructor(context: ConnectionContext) {
    this.#context = context;
  }

  /** Sets the settings of connections that are opened from now on. */
  reconfigure(context: ConnectionContext): void {
    this.#context = context;
  }

  connect(grant: ConnectGrant): void {
    if (this.#draining) {
      // The manager granted it before it knew of the stop.
      this.#context.reports.closed(grant.connection, { kind: 'unused' });
      return;
    }
    if (!this.#context.tls.contexts.has(tlsSettingsOf(grant))) {
      // The manager is ahead of this process, or behind it, in a reload. A handshake with other settings might demand less.
      const refusal = localFault('connect', 'the settings of TLS for this host are being loaded');
      this.#context.reports.closed(grant.connection, { kind: 'failed', refusal });
      return;
    }
    const connection = openTransport(this.#context, grant, () => {
      if (this.#connections.get(grant.connection) === connection) this.#connections.delete(grant.connection);
      if (this.#connections.size === 0) this.#drained();
    });
    this.#connections.set(grant.connection, connection);
  }

  /** Gives work to a connection. If that has closed meanwhile, its report to the manager is already on the way. */
  transact(connection: number, work: Work): void {
    this.#connections.get(connection)?.transact(work);
  }

  close(connection: number): void {
    this.#connections.get(connection)?.quit();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes no new work; calls back when all transactions in hand have ended. */
  drain(whenDrained: () => void): void {
    this.#draining = true;
    this.#whenDrained.push(whenDrained);
    for (const connection of this.#connections.values()) connection.quit();
    if (this.#connections.size === 0) this.#drained();
  }

  /** Ends every connection, after its transaction in hand if there is one; calls back when none is left. */
  finish(whenFinished: () => void): void {
    this.#whenDrained.push(whenFinished);
    for (const connection of this.#connections.values()) connection.finish();
    if (this.#connections.size === 0) this.#drained();
  }

  /** Ends everything at once; transactions in hand are reported as lost. */
  abandon(): void {
    for (const connection of this.#connections.values()) connection.abandon();
  }

  #drained(): void {
    const callbacks = this.#whenDrained;
    this.#whenDrained = [];
    for (const callback of callbacks) callback();
  }
}

/** Name of the settings that the handshake needs; empty for the defaults. */
function tlsSettingsOf({ hop }: ConnectGrant): string {
  return hop.tls?.settings ?? '';
}
