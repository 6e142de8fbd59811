// Connections to a program that is asked for many sessions, while nobody uses them. Promises: they are bounded, none is kept for long, and one
// that the program has closed is not given to anybody.

/** A connection that can be kept for another session. */
export interface KeptConnection {
  /** It was lost, or ended. */
  readonly isGone: boolean;
  /** It is kept from now on, for this long at most. */
  rest(longestMs: number): void;
  /** It is used again. */
  wake(): void;
  /** Ends it in order. */
  quit(): void;
}

export class IdleConnections<Connection extends KeptConnection> {
  /** The one that came last is taken first, so that the others end when they are not needed. */
  readonly #idle = new Set<Connection>();
  readonly #most: number;
  readonly #longestMs: number;

  constructor({ most, longestMs }: { readonly most: number; readonly longestMs: number }) {
    this.#most = most;
    this.#longestMs = longestMs;
  }

  /** @returns undefined when there is none */
  take(): Connection | undefined {
    const connection = [...this.#idle].findLast(({ isGone }) => !isGone);
    if (connection !== undefined) this.#idle.delete(connection);
    connection?.wake();
    return connection;
  }

  /** Keeps a connection that nobody uses now; ends it when there are enough. */
  keep(connection: Connection): void {
    for (const each of this.#idle) if (each.isGone) this.#idle.delete(each);
    if (this.#idle.size >= this.#most) connection.quit();
    else {
      connection.rest(this.#longestMs);
      this.#idle.add(connection);
    }
  }
}
