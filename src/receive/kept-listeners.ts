// The listeners of one process, whatever is spoken there. A reload opens those that are new and drains those that are gone; sessions of the
// others notice nothing. A listener that cannot be opened then is a trouble, and is tried again.

import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import { formatListenAddress, type ListenAddress } from '../values/listen-address.ts';
import type { ListenerParts } from './open-listener.ts';

/** How long until a listener that could not be opened is tried again. */
const retryMs = 5_000;

export interface KeptParts extends ListenerParts {
  readonly log: Logger;
  readonly timers: Timers;
}

/** What a listener is told apart by, and where it is. */
export interface KeptOptions {
  /** The name is unique among listeners. */
  readonly facts: { readonly kind: string; readonly name: string };
  readonly address: ListenAddress;
}

/** Why a listener takes no more clients, in words for them. */
export type DrainReason = 'Sluice is stopping' | 'This listener is closed';

export interface KeptListener<Options> {
  readonly options: Options;
  /** @throws {StartError} when the address cannot be had */
  listen(): Promise<ListenAddress>;
  /** @returns why not all is in force; undefined when it is */
  reconfigure(options: Options): string | undefined;
  /** Stops listening, finishes what is under way, then calls back. */
  drain(why: DrainReason, whenDrained: () => void): void;
  /** Ends every session at once. */
  abandon(): void;
}

export class KeptListeners<Options extends KeptOptions> {
  readonly #parts: KeptParts;
  readonly #make: (options: Options) => KeptListener<Options>;
  /** The listeners of the configuration that is in force, by `keyOf`. */
  #wanted: ReadonlyMap<string, Options> = new Map();
  readonly #open = new Map<string, KeptListener<Options>>();
  /** Those that are being opened. */
  readonly #opening = new Map<string, Promise<void>>();
  /** Why the last try to open a listener failed; of those that are wanted and not open. */
  readonly #failures = new Map<string, string>();
  /** Listeners that are gone from the configuration, and have open connections. */
  readonly #draining = new Set<KeptListener<Options>>();
  #retry: Timer | undefined;
  #isStopping = false;

  constructor(make: (options: Options) => KeptListener<Options>, parts: KeptParts) {
    this.#make = make;
    this.#parts = parts;
  }

  /**
   * Opens the first listeners. Resolves to their addresses, with the ports that the system chose.
   * @throws {StartError} when an address cannot be had
   */
  async start(all: readonly Options[]): Promise<ListenAddress[]> {
    this.#wanted = byKey(all);
    const addresses: ListenAddress[] = [];
    for (const [key, options] of this.#wanted) {
      const listener = this.#make(options);
      addresses.push(await listener.listen());
      this.#open.set(key, listener);
    }
    return addresses;
  }

  /**
   * Opens the listeners that are new, drains those that are gone, and gives the others their settings.
   * Resolves when each of the new ones is open or has failed; never rejects.
   * @returns for each listener that is not open, or has not all its new settings, a sentence that says why
   */
  async configure(all: readonly Options[]): Promise<readonly string[]> {
    const before = this.#wanted;
    this.#wanted = byKey(all);
    for (const [key, options] of before) if (!this.#wanted.has(key)) this.#remove(key, options);
    const problems: string[] = [];
    for (const [key, options] of this.#wanted) {
      const problem = this.#open.get(key)?.reconfigure(options);
      if (problem !== undefined) problems.push(problem);
    }
    await this.#openMissing();
    return [...this.#failures.values(), ...problems];
  }

  /** Stops listening, finishes the messages that are being received, then calls back. */
  drain(whenDrained: () => void): void {
    this.#isStopping = true;
    this.#parts.timers.clear(this.#retry);
    const all = [...this.#open.values(), ...this.#draining];
    let left = all.length;
    if (left === 0) whenDrained();
    for (const listener of all) {
      listener.drain('Sluice is stopping', () => {
        left--;
        if (left === 0) whenDrained();
      });
    }
  }

  /** Ends every session at once. Clients send again what was not answered 250. */
  abandon(): void {
    for (const listener of [...this.#open.values(), ...this.#draining]) listener.abandon();
  }

  async #openMissing(): Promise<void> {
    const missing = [...this.#wanted].filter(([key]) => !this.#open.has(key));
    const begun = missing.map(([key, options]) => {
      const opened = this.#opening.get(key) ?? this.#openOne(key, options);
      this.#opening.set(key, opened);
      return opened;
    });
    await Promise.all(begun);
  }

  async #openOne(key: string, options: Options): Promise<void> {
    const { log, troubles } = this.#parts;
    const listener = this.#make(options);
    try {
      const address = await listener.listen();
      this.#open.set(key, listener);
      this.#failures.delete(key);
      troubles.clear(`listener:${key}`);
      log.info(`listening on ${formatListenAddress(address)}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      log.error(`${text} It is tried again every ${retryMs / 1000} s`);
      if (this.#wanted.has(key)) {
        this.#failures.set(key, text);
        troubles.raise(`listener:${key}`, 'critical', text, advice);
      }
    } finally {
      this.#opening.delete(key);
    }
    this.#settle(key);
  }

  /** The configuration may have changed while a listener was being opened. */
  #settle(key: string): void {
    const listener = this.#open.get(key);
    const options = this.#wanted.get(key);
    if (this.#isStopping) listener?.drain('Sluice is stopping', () => undefined);
    else if (listener === undefined) this.#openLater();
    else if (options === undefined) this.#remove(key, listener.options);
    else listener.reconfigure(options);
  }

  #openLater(): void {
    const { timers } = this.#parts;
    timers.clear(this.#retry);
    this.#retry = timers.setTimeout(() => void this.#openMissing(), retryMs).unref();
  }

  #remove(key: string, { address }: Options): void {
    this.#failures.delete(key);
    this.#parts.troubles.clear(`listener:${key}`);
    const listener = this.#open.get(key);
    if (listener === undefined) return;
    this.#open.delete(key);
    this.#draining.add(listener);
    this.#parts.log.info(`no longer listening on ${formatListenAddress(address)}`);
    listener.drain('This listener is closed', () => this.#draining.delete(listener));
  }
}

const advice =
  'Free the address, e.g. stop the program that listens there, or correct [[listen]] and reload. It is tried again by itself.';

/** A listener of another protocol at the same address is another listener. */
function byKey<Options extends KeptOptions>(all: readonly Options[]): ReadonlyMap<string, Options> {
  return new Map(all.map((options) => [`${options.facts.kind} ${options.facts.name}`, options]));
}
