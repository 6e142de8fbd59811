// Looks up the hosts of issuers by the system, so that /etc/hosts counts. Promises: at most two look-ups at a time, since each holds one of the few
// threads that the system's own takes until it ends, and files of the directory are read by those threads, too.

import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

const mostAtOnce = 2;
/** An answer counts for this time: names of issuers seldom change. */
const keepMs = 30_000;
const mostKept = 1_000;

type Found = readonly LookupAddress[];

export class HostLookups {
  readonly #find: (host: string) => Promise<Found>;
  readonly #nowMs: () => number;
  readonly #found = new Map<string, { readonly promise: Promise<Found>; untilMs: number }>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    find: (host: string) => Promise<Found> = findBySystem,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#find = find;
    this.#nowMs = nowMs;
  }

  /** For `lookup` of a socket's options. */
  readonly lookup: LookupFunction = (host, { all }, done) => {
    void this.#answer(host, (error, found) => {
      const [first] = found;
      if (error !== null || all === true) done(error, [...found]);
      else done(null, first?.address ?? '', first?.family);
    });
  };

  async #answer(
    host: string,
    done: (error: NodeJS.ErrnoException | null, found: Found) => void,
  ): Promise<void> {
    const found = await this.#addressesOf(host).catch((error: unknown) => error as NodeJS.ErrnoException);
    if (found instanceof Error) done(found, []);
    else done(null, found);
  }

  #addressesOf(host: string): Promise<Found> {
    const known = this.#found.get(host);
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.promise;
    if (this.#found.size >= mostKept) this.#found.clear();
    const promise = this.#inTurn(host);
    const entry = { promise, untilMs: Infinity };
    this.#found.set(host, entry);
    promise.then(
      () => {
        entry.untilMs = this.#nowMs() + keepMs;
      },
      () => this.#found.delete(host),
    );
    return promise;
  }

  async #inTurn(host: string): Promise<Found> {
    if (this.#running >= mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await this.#find(host);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

function findBySystem(host: string): Promise<Found> {
  return new Promise((resolve, reject) =>
    lookup(host, { all: true, order: 'verbatim' }, (error, found) =>
      error === null ? resolve(found) : reject(error),
    ),
  );
}
