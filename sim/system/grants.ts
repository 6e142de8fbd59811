// What the manager has granted, as it is seen on its links: when, under which limits, for which domains.

import type { Config } from '../../src/config/config.ts';
import type { Work } from '../../src/deliver/types.ts';
import type { Books } from './books.ts';
import type { Ground } from './ground.ts';
import { limitsInForce, type LimitsInForce } from './limits-in-force.ts';
import { OverrideBooks } from './override-books.ts';
import type { RateBooks } from './rate-books.ts';
import type { RefusalBooks } from './refusal-books.ts';

export interface Grant {
  /** Of the connection: different from those of other managers. */
  readonly name: string;
  readonly domains: readonly string[];
  /** How many recipients of each domain. */
  readonly recipients: ReadonlyMap<string, number>;
  readonly tenant: string | undefined;
  readonly limits: LimitsInForce;
  /** Grows with each grant. */
  readonly grant: number;
  readonly grantedMs: number;
}

/** What operators were told is in force. */
export interface OperationsInForce {
  granted(queueId: string, domains: readonly string[]): void;
}

export interface GrantsOptions {
  readonly ground: Pick<Ground, 'clock' | 'trace'>;
  /** What the first manager goes by. */
  readonly config: Config;
  readonly openFiles: number;
  readonly books: Books;
  readonly rateBooks: RateBooks;
  readonly operations: OperationsInForce;
  readonly refusals: RefusalBooks;
}

export class Grants {
  readonly overrides = new OverrideBooks(() => this.#renew());
  #limits: LimitsInForce;
  #config: Config;
  #openFiles: number;
  readonly #books: Books;
  readonly #rateBooks: RateBooks;
  readonly #operations: OperationsInForce;
  readonly #refusals: RefusalBooks;
  readonly #ground: Pick<Ground, 'clock' | 'trace'>;
  readonly #grants = new WeakMap<Work, Grant>();
  #count = 0;
  #managers = 0;
  /** Told to close. */
  readonly #closing = new Set<string>();

  constructor({ ground, config, openFiles, books, rateBooks, operations, refusals }: GrantsOptions) {
    this.#ground = ground;
    this.#operations = operations;
    this.#refusals = refusals;
    this.#config = config;
    this.#openFiles = openFiles;
    this.#limits = limitsInForce(config, openFiles, this.overrides);
    this.#books = books;
    this.#rateBooks = rateBooks;
  }

  /** A new manager begins to grant. */
  managerStarts(config: Config, openFiles: number): void {
    this.#managers++;
    this.#closing.clear();
    this.overrides.managerStarts();
    this.configured(config, openFiles);
  }

  #nameOf(connection: number): string {
    return `${this.#managers}/${connection}`;
  }

  isClosing(name: string): boolean {
    return this.#closing.has(name);
  }

  /** The manager goes by this from now on. */
  configured(config: Config, openFiles: number): void {
    this.#config = config;
    this.#openFiles = openFiles;
    this.#renew();
  }

  #renew(): void {
    this.#limits = limitsInForce(this.#config, this.#openFiles, this.overrides);
    this.#rateBooks.configured(this.#limits.rules, this.#ground.clock.nowMs);
  }

  get count(): number {
    return this.#count;
  }

  /** A message that a process has just posted on a link. */
  posted(message: unknown): void {
    const { kind, connection } = message as { readonly kind?: string; readonly connection?: number };
    if (connection === undefined) return;
    if (kind === 'connect') this.#closing.delete(this.#nameOf(connection));
    else if (kind === 'close') this.#closing.add(this.#nameOf(connection));
    const work = workOf(message);
    if (work === undefined) return;
    this.#ground.trace(
      () =>
        `granted: ${work.queueId} ${work.recipients.join(',')} on ${String(kind)} ${this.#nameOf(connection)}`,
    );
    const recipients = countsOf(this.#books.addressesOf(work).map(domainOf));
    const domains = [...recipients.keys()];
    this.#refusals.granted(work.queueId, work.recipients);
    this.#operations.granted(work.queueId, domains);
    this.#grants.set(work, {
      name: this.#nameOf(connection),
      domains,
      recipients,
      tenant: this.#books.tenantOf(work.queueId),
      limits: this.#limits,
      grant: ++this.#count,
      grantedMs: this.#ground.clock.nowMs,
    });
  }

  of(work: Work): Grant {
    const grant = this.#grants.get(work);
    if (grant === undefined) throw new Error(`${work.queueId} was begun without a grant`);
    return grant;
  }
}

function workOf(message: unknown): Work | undefined {
  const { kind, work } = message as { readonly kind?: string; readonly work?: Work };
  return kind === 'connect' || kind === 'transact' ? work : undefined;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
