// What the next replies of a server answer, in order (RFC 2920 3.1): transactions, and commands between them.

import type { ClientPhase } from './client-types.ts';
import type { TransactionRun } from './transaction-run.ts';

/** A transaction, the RSET between two, an empty message whose reply says nothing, or QUIT. */
export type Awaited = TransactionRun | 'rset' | 'empty' | 'quit';

export class AwaitedReplies {
  readonly #all: Awaited[] = [];
  #runs = 0;

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  get oldest(): Awaited | undefined {
    return this.#all[0];
  }

  get last(): Awaited | undefined {
    return this.#all.at(-1);
  }

  /** Replies to more than the oldest are awaited. */
  get areMany(): boolean {
    return this.#all.length > 1;
  }

  /** Number of transactions. */
  get runs(): number {
    return this.#runs;
  }

  /** Commands are on the way behind the oldest transaction. */
  get hasSeveral(): boolean {
    return this.#runs > 1 || (this.#runs === 1 && this.last === 'quit');
  }

  /** What the oldest is; undefined when no reply is awaited. */
  get phase(): ClientPhase | undefined {
    const { oldest } = this;
    if (typeof oldest === 'object') return oldest.phase;
    return oldest === 'empty' ? 'rset' : oldest;
  }

  /** Nothing was heard of the oldest transaction, and the end of none was written. */
  get isUntouched(): boolean {
    let isOldest = true;
    for (const each of this.#all) {
      if (typeof each === 'string') continue;
      if (each.isWritten || (isOldest && each.isHeard)) return false;
      isOldest = false;
    }
    return !isOldest;
  }

  /** One of the transactions will mark its place by a 354. */
  get isAnyMarked(): boolean {
    return this.#all.some(
      (each) => typeof each === 'object' && !each.isChunk && !each.isUnsent && each.phase !== 'final',
    );
  }

  /** The server has another transaction as a whole than this one. */
  isAnyWrittenBut(one: Awaited | undefined): boolean {
    return this.#all.some((each) => each !== one && typeof each === 'object' && each.isWritten);
  }

  add(awaited: Awaited): void {
    this.#all.push(awaited);
    if (typeof awaited === 'object') this.#runs++;
  }

  shift(): void {
    if (typeof this.#all.shift() === 'object') this.#runs--;
  }

  /** Takes all transactions out, and all else with them. */
  takeRuns(): TransactionRun[] {
    const runs = this.#all.filter((each) => typeof each === 'object');
    this.#all.length = 0;
    this.#runs = 0;
    return runs;
  }
}
