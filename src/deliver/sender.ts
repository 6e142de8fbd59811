// The connections of one sender process: carries out what was granted, decides nothing.

import type { ConnectionContext } from './connection-context.ts';
import { OutgoingConnection } from './outgoing-connection.ts';
import type { ConnectGrant, Work } from './types.ts';

export class Sender {
  #context: ConnectionContext;
  readonly #connections = new Map<number, OutgoingConnection>();
  #whenDrained: (() => void)[] = [];
  #draining = false;

  constructor(context: ConnectionContext) {
    this.#context = context;
  }

  /** New settings for connections that are opened from now on. */
  reconfigure(context: ConnectionContext): void {
    this.#context = context;
  }

  connect(grant: ConnectGrant): void {
    if (this.#draining) {
      // Granted before whoever grants knew of the end.
      this.#context.reports.closed(grant.connection, { kind: 'unused' });
      return;
    }
    const connection = new OutgoingConnection(this.#context, grant, () => {
      if (this.#connections.get(grant.connection) === connection) this.#connections.delete(grant.connection);
      if (this.#connections.size === 0) this.#drained();
    });
    this.#connections.set(grant.connection, connection);
  }

  /** Work for a connection that may have closed in the meantime: then its report is already on the way. */
  transact(connection: number, work: Work): void {
    this.#connections.get(connection)?.transact(work);
  }

  close(connection: number): void {
    this.#connections.get(connection)?.quit();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes nothing new; calls back when the transactions in hand are through. */
  drain(whenDrained: () => void): void {
    this.#draining = true;
    this.#whenDrained.push(whenDrained);
    for (const connection of this.#connections.values()) connection.quit();
    if (this.#connections.size === 0) this.#drained();
  }

  /** Ends every connection, those with a transaction in hand when it is through; calls back when none is left. */
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
