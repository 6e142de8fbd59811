// What the manager has granted, as it is seen on its links: when, under which limits, for which domains.

import type { Work } from '../../src/deliver/types.ts';
import type { Books } from './books.ts';
import type { LimitsInForce } from './limit-books.ts';

export interface Grant {
  readonly domains: readonly string[];
  readonly limits: LimitsInForce;
  /** Grows with each grant. */
  readonly grant: number;
}

export class Grants {
  /** What is in force from now on. */
  limits: LimitsInForce;
  readonly #books: Books;
  readonly #grants = new WeakMap<Work, Grant>();
  #count = 0;

  constructor(limits: LimitsInForce, books: Books) {
    this.limits = limits;
    this.#books = books;
  }

  get count(): number {
    return this.#count;
  }

  /** A message that a process has just posted on a link. */
  posted(message: unknown): void {
    const work = workOf(message);
    if (work === undefined) return;
    const domains = new Set(this.#books.addressesOf(work).map((address) => address.split('@').at(-1) ?? ''));
    this.#grants.set(work, { domains: [...domains], limits: this.limits, grant: ++this.#count });
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
