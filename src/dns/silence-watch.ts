// Finds out quickly which of several name servers is silent. When a question has had no answer for a moment, and nothing
// else came from its server either, all servers are probed. If another one answers and this one does not, it is left
// alone, and its questions move on without waiting out their timeouts. With a single server there is nothing to find out.

import { probeRoot } from './root-probe.ts';
import type { Transport } from './transport.ts';
import type { NameServer } from './types.ts';

/** Servers have this long to answer the probe, or as long again as the fastest of them, whichever is more. */
const answerMs = 300;
/** Answers that come later still count: a slow server is not a dead one. */
const listenMs = 5_000;

export interface SilenceWatchOptions {
  readonly servers: readonly NameServer[];
  /** Ms on a clock that nobody sets. */
  readonly now: () => number;
  /** A server has answered a probe. */
  readonly answered: (server: NameServer) => void;
  /** Another server has answered the probe of this moment, this one has not. */
  readonly silent: (server: NameServer, sinceMs: number) => void;
}

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  /** Probes that are still listened for, each with what ends it. */
  readonly #open = new Set<() => void>();
  #isComparing = false;
  #closed = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** A question waits for a server from which nothing comes: compares the servers, unless that is under way. */
  compare(): void {
    if (this.#isComparing || this.#closed) return;
    this.#isComparing = true;
    const { servers, now, silent } = this.#options;
    const sinceMs = now();
    const quiet = new Set(servers);
    let isOver = false;
    const decide = (): void => {
      isOver = true;
      this.#isComparing = false;
      if (quiet.size === servers.length || this.#closed) return;
      for (const server of quiet) silent(server, sinceMs);
    };
    let timer = setTimeout(() => {
      // Nobody so far: the first answer decides how long the others have.
      if (quiet.size < servers.length) decide();
    }, answerMs).unref();
    this.#probe(
      servers,
      (server) => {
        const isFirst = quiet.size === servers.length;
        quiet.delete(server);
        if (isOver || !isFirst) return;
        const tookMs = now() - sinceMs;
        clearTimeout(timer);
        timer = setTimeout(decide, Math.max(answerMs - tookMs, tookMs)).unref();
      },
      () => {
        clearTimeout(timer);
        if (!isOver) decide();
      },
    );
  }

  /** Asks servers that are left alone whether they are back. */
  probe(servers: readonly NameServer[]): void {
    if (servers.length > 0 && !this.#closed) this.#probe(servers);
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#open) end();
  }

  #probe(servers: readonly NameServer[], heard?: (server: NameServer) => void, ended?: () => void): void {
    let transports: Transport[] = [];
    const left = new Set(servers);
    const end = (): void => {
      if (!this.#open.delete(end)) return;
      clearTimeout(timer);
      for (const transport of transports) transport.close();
      ended?.();
    };
    const timer = setTimeout(end, listenMs).unref();
    this.#open.add(end);
    const done = (server: NameServer): void => {
      left.delete(server);
      if (left.size === 0) end();
    };
    transports = probeRoot(servers, {
      answered: (server) => {
        this.#options.answered(server);
        heard?.(server);
        done(server);
      },
      unreachable: done,
    });
  }
}
