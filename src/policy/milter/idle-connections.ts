// Connections to a milter between two sessions of clients, for milters that serve several on one (QUIT_NC). Promises: they are bounded, none
// is kept for long, and one that the milter has closed is not given to a session.

import type { MilterConnection } from './milter-connection.ts';

const most = 100;
const longestMs = 30_000;

export class IdleConnections {
  /** The one that came last is taken first, so that the others end when they are not needed. */
  readonly #idle = new Set<MilterConnection>();

  /** @returns undefined when there is none */
  take(): MilterConnection | undefined {
    const connection = [...this.#idle].findLast(({ isGone }) => !isGone);
    if (connection !== undefined) this.#idle.delete(connection);
    connection?.wake();
    return connection;
  }

  /** Keeps a connection whose session is at its end; ends it when there are enough. */
  keep(connection: MilterConnection): void {
    for (const each of this.#idle) if (each.isGone) this.#idle.delete(each);
    if (this.#idle.size >= most) connection.quit();
    else {
      connection.rest(longestMs);
      this.#idle.add(connection);
    }
  }
}
