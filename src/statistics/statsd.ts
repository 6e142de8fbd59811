// Pushes numbers to a StatsD server by UDP. Promises: nothing waits for the server; at most one round of datagrams is under way; datagrams
// of which the system says that nobody took them are counted.

import { createSocket, type Socket } from 'node:dgram';
import { isIP } from '../values/ip-version.ts';
import type { Endpoint } from '../values/endpoint.ts';
import type { Family } from './families.ts';
import { datagramsOf, StatsdLines } from './statsd-lines.ts';

export interface StatsdOptions {
  readonly to: Endpoint;
  readonly prefix: string;
  readonly everyMs: number;
  /** All numbers now. */
  readonly collect: () => Promise<readonly Family[]>;
  /** A datagram did not arrive. */
  readonly dropped: () => void;
}

export class Statsd {
  readonly #options: StatsdOptions;
  readonly #lines: StatsdLines;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  /** Set while numbers are gathered or sent. */
  #isBusy = false;
  #isConnecting = false;
  #isConnected = false;
  #isClosed = false;

  constructor(options: StatsdOptions) {
    this.#options = options;
    this.#lines = new StatsdLines(options.prefix);
    this.#socket = createSocket(isIP(options.to.host) === 6 ? 'udp6' : 'udp4').unref();
    this.#socket.on('connect', () => {
      this.#isConnected = true;
      void this.#push();
    });
    // The system reports that nobody has taken an earlier datagram (ICMP), or that there is no way to the server yet.
    this.#socket.on('error', () => {
      this.#isConnecting = false;
      if (this.#isConnected) options.dropped();
    });
    this.#connect();
    this.#timer = setInterval(() => void this.#push(), options.everyMs).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #connect(): void {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    const { host, port } = this.#options.to;
    this.#socket.connect(port, host);
  }

  /** A round that is not over when the next one is due takes its place, with all that was counted meanwhile. */
  async #push(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      const families = await this.#options.collect();
      if (this.#isClosed) return;
      if (this.#isConnected)
        await Promise.all(datagramsOf(this.#lines.lines(families)).map((datagram) => this.#send(datagram)));
      else this.#connect();
    } catch {
      // The manager was lost while it was asked: the next round has everything.
    } finally {
      this.#isBusy = false;
    }
  }

  #send(datagram: string): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.send(datagram, (error) => {
        if (error !== null) this.#options.dropped();
        resolve();
      });
    });
  }
}
