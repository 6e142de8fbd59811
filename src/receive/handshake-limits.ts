// Limits TLS handshakes, which cost much more than other commands: those under way in this process and of each client, and how often
// a client may fail. The rate of failures is exact (GCRA, as in client-limits.ts). Memory is bounded: of clients that have failed, the
// latest are remembered.

/** The limit for which a handshake is refused. */
export type HandshakeRefusal = 'all' | 'client' | 'failures';

export interface HandshakeLimitSettings {
  /** Handshakes under way in this process. */
  readonly maxHandshakes: number;
  readonly maxHandshakesPerClient: number;
  /** At most `count` handshakes of one client that fail in any `perMs`; a count of 0 sets no limit. */
  readonly failuresPerClient: { readonly count: number; readonly perMs: number };
}

interface Client {
  underWay: number;
  /** The theoretical arrival time of the next failure, by GCRA. */
  arrivalMs: number;
}

/** Clients that are remembered for their failures alone. */
const maxFailedClients = 10_000;

export class HandshakeLimits {
  #settings: HandshakeLimitSettings;
  #underWay = 0;
  readonly #clients = new Map<string, Client>();

  constructor(settings: HandshakeLimitSettings) {
    this.#settings = settings;
  }

  /** Puts other limits in force. What was counted stays. */
  configure(settings: HandshakeLimitSettings): void {
    this.#settings = settings;
  }

  /** Handshakes under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Clients that something is remembered of. */
  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Counts a handshake that begins, or returns the limit that refuses it. One that was refused must not be ended.
   *
   * @param address - the client's; empty for clients that the limits per client do not apply to
   * @param nowMs - of a monotonic clock
   */
  begin(address: string, nowMs: number): HandshakeRefusal | undefined {
    const { maxHandshakes, maxHandshakesPerClient } = this.#settings;
    if (this.#underWay >= maxHandshakes) return 'all';
    if (address !== '') {
      const client = this.#clientOf(address);
      if (client.arrivalMs > nowMs + this.#toleranceMs) return 'failures';
      if (client.underWay >= maxHandshakesPerClient) return 'client';
      client.underWay++;
    }
    this.#underWay++;
    return undefined;
  }

  /** @param address - as given to `begin` */
  end(address: string, isFailure: boolean, nowMs: number): void {
    this.#underWay--;
    const client = this.#clients.get(address);
    if (client === undefined) return;
    client.underWay--;
    if (isFailure) client.arrivalMs = Math.max(client.arrivalMs, nowMs) + this.#intervalMs;
    else if (client.underWay === 0 && client.arrivalMs <= nowMs) this.#clients.delete(address);
  }

  get #intervalMs(): number {
    const { count, perMs } = this.#settings.failuresPerClient;
    return count === 0 ? 0 : perMs / count;
  }

  get #toleranceMs(): number {
    return this.#settings.failuresPerClient.perMs - this.#intervalMs;
  }

  #clientOf(address: string): Client {
    let client = this.#clients.get(address);
    if (client === undefined) {
      if (this.#clients.size >= maxFailedClients + this.#underWay) this.#forgetOldest();
      client = { underWay: 0, arrivalMs: 0 };
      this.#clients.set(address, client);
    }
    return client;
  }

  /** Forgets the client that was added first, of those that have no handshake under way: there is at least one. */
  #forgetOldest(): void {
    for (const [address, client] of this.#clients) {
      this.#clients.delete(address);
      if (client.underWay === 0) return;
      this.#clients.set(address, client);
    }
  }
}
