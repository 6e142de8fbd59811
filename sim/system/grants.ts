// What the manager has granted, as it is seen on its links: when, under which limits, for which domains.

import type { Config } from '../../src/config/config.ts';
import type { Work } from '../../src/deliver/types.ts';
import type { Books } from './books.ts';
import type { Ground } from './ground.ts';
import type { LimitsInForce } from './limit-books.ts';
import { ownFiles } from './scenario.ts';

export interface Grant {
  /** Of the connection: different from those of other managers. */
  readonly name: string;
  readonly domains: readonly string[];
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
  readonly operations: OperationsInForce;
}

export class Grants {
  #limits: LimitsInForce;
  readonly #books: Books;
  readonly #operations: OperationsInForce;
  readonly #ground: Pick<Ground, 'clock' | 'trace'>;
  readonly #grants = new WeakMap<Work, Grant>();
  #count = 0;
  #managers = 0;
  /** Told to close. */
  readonly #closing = new Set<string>();

  constructor({ ground, config, openFiles, books, operations }: GrantsOptions) {
    this.#ground = ground;
    this.#operations = operations;
    this.#limits = limitsOf(config, openFiles);
    this.#books = books;
  }

  /** A new manager begins to grant. */
  managerStarts(config: Config, openFiles: number): void {
    this.#managers++;
    this.#closing.clear();
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
    this.#limits = limitsOf(config, openFiles);
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
    const domains = new Set(this.#books.addressesOf(work).map((address) => address.split('@').at(-1) ?? ''));
    this.#operations.granted(work.queueId, [...domains]);
    this.#grants.set(work, {
      name: this.#nameOf(connection),
      domains: [...domains],
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

function limitsOf({ deliver, limit }: Config, openFiles: number): LimitsInForce {
  return {
    most: deliver.maxConnections + deliver.maxUnanswered,
    // What hangs is beyond the room that is left when one of several senders is being started again.
    perSender: openFiles - ownFiles + deliver.maxUnanswered,
    rules: limit.map((each) => ({
      id: each.name ?? '',
      name: each.name ?? '',
      origin: each.origin,
      per: each.per,
      match: { domain: each.domain },
      isOverride: false,
      connections: typeof each.connections === 'number' ? each.connections : undefined,
    })),
  };
}
