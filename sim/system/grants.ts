// What the manager has granted, as it is seen on its links: when, under which limits, for which domains.

import type { Config } from '../../src/config/config.ts';
import type { SenderToManager } from '../../src/channel/messages.ts';
import type { ConnectGrant, Work } from '../../src/deliver/types.ts';
import type { Books } from './books.ts';
import type { Ground } from './ground.ts';
import { check } from '../world/ledger.ts';
import { limitsInForce, type LimitsInForce } from './limits-in-force.ts';
import { OverrideBooks } from './override-books.ts';
import type { OutageBooks } from './outage-books.ts';
import type { RateBooks } from './rate-books.ts';
import type { RefusalBooks } from './refusal-books.ts';
import type { SourceBooks } from './source-books.ts';
import type { MayTake, RouteBooks } from './route-books.ts';

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
  /** For each recipient. */
  readonly routes: readonly MayTake[];
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
  readonly sourceBooks: SourceBooks;
  readonly outages: OutageBooks;
  readonly operations: OperationsInForce;
  readonly refusals: RefusalBooks;
  readonly routes: RouteBooks;
}

export class Grants {
  /** Transactions that were granted to connections which had others on the way. */
  ahead = 0;
  readonly overrides = new OverrideBooks(() => this.#renew());
  #limits: LimitsInForce;
  #config: Config;
  #openFiles: number;
  readonly #books: Books;
  readonly #rateBooks: RateBooks;
  readonly #sourceBooks: SourceBooks;
  readonly #outages: OutageBooks;
  readonly #operations: OperationsInForce;
  readonly #refusals: RefusalBooks;
  readonly #routes: RouteBooks;
  readonly #ground: Pick<Ground, 'clock' | 'trace'>;
  readonly #grants = new WeakMap<Work, Grant>();
  #count = 0;
  #managers = 0;
  #routeChanges = 0;
  #lostSenders = 0;
  /** How often each recipient was granted. */
  readonly #granted = new Map<string, number>();
  /** Own addresses of the connections of this manager. */
  readonly #sources = new Map<number, string>();
  /** Told to close. */
  readonly #closing = new Set<string>();

  constructor(options: GrantsOptions) {
    const { ground, config, openFiles, books, operations, refusals } = options;
    this.#ground = ground;
    this.#operations = operations;
    this.#refusals = refusals;
    this.#routes = options.routes;
    this.#config = config;
    this.#openFiles = openFiles;
    this.#limits = limitsInForce(config, openFiles, this.overrides);
    this.#books = books;
    this.#rateBooks = options.rateBooks;
    this.#sourceBooks = options.sourceBooks;
    this.#outages = options.outages;
  }

  /** A new manager begins to grant. */
  managerStarts(config: Config, openFiles: number): void {
    this.#managers++;
    this.#closing.clear();
    this.#sources.clear();
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
    if (config.route !== this.#config.route) {
      this.#outages.routesChanged();
      this.#routeChanges++;
    }
    this.#config = config;
    this.#openFiles = openFiles;
    this.#renew();
  }

  #renew(): void {
    this.#limits = limitsInForce(this.#config, this.#openFiles, this.overrides);
    this.#rateBooks.configured(this.#limits.rules, this.#ground.clock.nowMs);
    this.#sourceBooks.configured(this.#config);
  }

  get count(): number {
    return this.#count;
  }

  /** A message that a process has just posted on a link. */
  posted(message: unknown): void {
    const { kind, connection } = message as { readonly kind?: string; readonly connection?: number };
    if (connection === undefined) return;
    if (kind === 'connect') {
      const { source } = message as ConnectGrant;
      this.#closing.delete(this.#nameOf(connection));
      this.#sourceBooks.granted(source);
      this.#sources.set(connection, source);
    } else if (kind === 'close') this.#closing.add(this.#nameOf(connection));
    const work = workOf(message);
    if (work === undefined) return;
    const isClosing = kind === 'transact' && this.isClosing(this.#nameOf(connection));
    check(!isClosing, () => `${work.queueId} is granted to a connection that was told to close`);
    this.#ground.trace(
      () =>
        `granted: ${work.queueId} ${work.recipients.join(',')} on ${String(kind)} ${this.#nameOf(connection)}`,
    );
    this.#books.tried(work.queueId, work.recipients);
    for (const name of recipientsOf(work)) this.#granted.set(name, this.grantedTo(name) + 1);
    const domainOfEach = this.#books.addressesOf(work).map(domainOf);
    const recipients = countsOf(domainOfEach);
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
      routes: this.#routes.granted(connection, work, domainOfEach),
      grantedMs: this.#ground.clock.nowMs,
    });
  }

  /** A transaction was granted to a connection that had another one on the way. */
  wentAhead(): void {
    this.ahead++;
  }

  /** It came to nothing, and is no attempt. */
  cameToNothing(work: Work): void {
    for (const name of recipientsOf(work)) this.#granted.set(name, this.grantedTo(name) - 1);
  }

  /** How often a recipient was granted, what came to nothing left out. @param name - `QUEUE ID/INDEX` */
  grantedTo(name: string): number {
    return this.#granted.get(name) ?? 0;
  }

  /** A sender process has ended, or its link broke: what was granted to it since then was never said on a link. */
  senderLost(): void {
    this.#lostSenders++;
  }

  /** The most attempts that a recipient can have had. @param name - `QUEUE ID/INDEX` */
  mostAttempts(name: string): number {
    // A look-up that failed is an attempt of all mail that waited for it, and so is a route that is there no more.
    if (this.#routeChanges > 0 || this.#outages.failures > 0) return Infinity;
    return this.grantedTo(name) + this.#lostSenders;
  }

  /** What the manager has just heard on a link. */
  heard(batch: readonly unknown[]): void {
    for (const message of batch as readonly SenderToManager[]) {
      if (message.kind !== 'closed' || message.report.kind !== 'failed') continue;
      const source = this.#sources.get(message.connection);
      if (message.report.refusal.by.kind === 'local' && source !== undefined)
        this.#sourceBooks.failed(source);
    }
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

function recipientsOf({ queueId, recipients }: Work): string[] {
  return recipients.map((index) => `${queueId}/${index}`);
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
