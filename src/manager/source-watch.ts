// Watches the addresses that connections are made from ([[source]]). One that this host does not have is reported at start, in
// the log, and in `sluice status` as long as that lasts. It is a fault of this host, so the scheduler lets no lifetime end while
// an IP version has no usable address.

import { isIPv4 } from 'node:net';
import type { Config } from '../config/config.ts';
import { bindProblem } from '../io/bind-problem.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';

const everyMs = 10_000;

/** Errors of bind(2) that mean that the host does not have the address, or does not permit its use. */
const meansMissing: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EINVAL',
  'EAFNOSUPPORT',
  'EACCES',
  'EPERM',
]);

/** Tries to bind an address. Resolves to undefined when that works, else to the system's error code. */
export type Bind = (host: string, port: number) => Promise<string | undefined>;

/** A source that cannot be used. */
export interface MissingSource {
  readonly address: string;
  /** No other source of its IP version can be used either. */
  readonly isLast: boolean;
  readonly text: string;
}

/** The sources of the configuration that cannot be used right now. */
export async function missingSources(
  { source }: Pick<Config, 'source'>,
  bind: Bind = bindProblem,
): Promise<readonly MissingSource[]> {
  const missing = new Set<string>();
  for (const { address } of source) {
    if (meansMissing.has((await bind(address, 0)) ?? '')) missing.add(address);
  }
  return [...missing].map((address) => {
    const isSame = (other: string) => isIPv4(other) === isIPv4(address);
    const isLast = source.every((other) => !isSame(other.address) || missing.has(other.address));
    const version = isIPv4(address) ? 'IPv4' : 'IPv6';
    const what = `This host cannot use the address ${address} of [[source]]`;
    const text = isLast
      ? `${what}, and has no other source for ${version}: no mail goes to ${version} addresses, and none expires meanwhile.`
      : `${what}; mail goes out from the others.`;
    return { address, isLast, text };
  });
}

export interface SourceWatchParts {
  /** The configuration in force. */
  readonly config: () => Pick<Config, 'source'>;
  readonly timers: Timers;
  readonly log: Pick<Logger, 'error' | 'warn' | 'info'>;
  readonly troubles: Troubles;
  /** Called with true when an IP version has no usable source, and with false when each has one again. */
  readonly changed: (isLacking: boolean) => void;
  readonly bind?: Bind | undefined;
}

export class SourceWatch {
  readonly #parts: SourceWatchParts;
  readonly #told = new Map<string, string>();
  #isLacking = false;
  #timer: Timer | undefined;
  #isRunning = true;
  #looking: Promise<void> | undefined;

  constructor(parts: SourceWatchParts) {
    this.#parts = parts;
  }

  /** Checks the sources now and then regularly; resolves after the first check. */
  async look(): Promise<void> {
    this.#parts.timers.clear(this.#timer);
    // First waits for a check under way, which may have begun with the sources of an earlier configuration.
    const before = this.#looking;
    const looking = (async () => {
      await before;
      this.#tell(await missingSources(this.#parts.config(), this.#parts.bind));
    })();
    this.#looking = looking;
    await looking;
    if (this.#looking !== looking) return;
    this.#looking = undefined;
    if (this.#isRunning) this.#lookLater();
  }

  stop(): void {
    this.#isRunning = false;
    this.#parts.timers.clear(this.#timer);
  }

  #lookLater(): void {
    this.#timer = this.#parts.timers.setTimeout(() => void this.look(), everyMs).unref();
  }

  #tell(missing: readonly MissingSource[]): void {
    if (!this.#isRunning) return;
    const { log, troubles, changed } = this.#parts;
    for (const address of this.#told.keys()) {
      if (missing.some((each) => each.address === address)) continue;
      this.#told.delete(address);
      troubles.clear(`source:${address}`);
      log.info(`the address ${address} of [[source]] can be used, or is in the configuration no more`);
    }
    for (const { address, isLast, text } of missing) {
      if (this.#told.get(address) === text) continue;
      this.#told.set(address, text);
      const line = text.slice(0, -1);
      if (isLast) log.error(line);
      else log.warn(line);
      troubles.raise(`source:${address}`, isLast ? 'critical' : 'warning', text, advice);
    }
    const isLacking = missing.some(({ isLast }) => isLast);
    if (isLacking === this.#isLacking) return;
    this.#isLacking = isLacking;
    changed(isLacking);
  }
}

const advice =
  'Give this host the address ("ip address" shows those it has), or change [[source]] and run "sluice reload". Then mail goes on within seconds.';
