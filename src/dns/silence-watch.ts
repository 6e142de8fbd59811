// Finds out quickly which of several name servers is silent. When a question has had no answer for some 300 ms, and its server
// has sent nothing else either, all servers are probed. A server that does not answer while another one does is left alone,
// and its questions go to the next server without waiting for their timeouts.

import { probeRoot } from './root-probe.ts';
import type { Transport } from './transport.ts';
import type { NameServer } from './types.ts';

/** Servers have this long to answer the probe, or twice as long as the fastest of them, whichever is more. */
const answerMs = 300;
/** Answers that come later still count: a slow server is not a dead one. */
const listenMs = 5_000;

export interface SilenceWatchOptions {
  readonly servers: readonly NameServer[];
  /** Ms on a monotonic clock. */
  readonly now: () => number;
  /** A server has answered a probe. */
  readonly answered: (server: NameServer) => void;
  /** This server has not answered a probe that another server has answered. */
  readonly silent: (server: NameServer, sinceMs: number) => void;
}

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  /** Functions that end the probes that are still listened for. */
  readonly #open = new Set<() => void>();
  #isComparing = false;
  #closed = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** Probes all servers and reports the silent ones, unless such a comparison is under way. */
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
      // Without any answer so far, the first one decides how long the other servers have.
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
