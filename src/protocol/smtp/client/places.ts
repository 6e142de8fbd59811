// Whether the replies of a server are in their places. With BDAT all commands are answered 250, and a server that swallows what came too
// early, such as a whole group, would go unnoticed: the replies to the next message would pass for those to the swallowed one. Only 354, and
// 221 to QUIT, mark a place, as no other command is answered so. Promises: content is sent ahead only after as many messages have
// passed by DATA behind others as the server needs to prove itself; and what was sent ahead of a mark is told only when the mark has come.

import type { BrokenSession } from './broken-session.ts';
import type { RecipientOutcome } from './client-types.ts';
import type { TransactionRun } from './transaction-run.ts';

/** Messages by DATA that a connection to a server needs which has proven itself on others. */
const needsOfProven = 1;

export class Places {
  readonly #needed: number;
  #proofs = 0;
  /** The last message that was begun behind the content of another. */
  #probe: TransactionRun | undefined;
  /** Over, and not told. */
  #unconfirmed: TransactionRun[] = [];

  /** @param needed - messages that have to pass by DATA */
  constructor(needed: number) {
    this.#needed = needed;
  }

  /** Messages behind others whose 354 came in its place. */
  get proofs(): number {
    return this.#proofs;
  }

  /** Messages that are over were not told. */
  get areOpen(): boolean {
    return this.#unconfirmed.length > 0;
  }

  /** One of them was sent ahead of a mark: nothing but the mark shows that its replies were its own. */
  get needsMark(): boolean {
    return this.#proofs < this.#needed && this.#unconfirmed.some((run) => run.isChunk && !run.isFirst);
  }

  /** Replies to it may have been meant for a message behind it. */
  isInDoubt(run: TransactionRun): boolean {
    return this.#proofs < this.#needed && run.isChunk && run.isBehind;
  }

  /**
   * Whether the content of the next message may go ahead: that of the first one, where nothing can be taken for its replies; to a proven
   * server, as many as are on the way at once, with one behind them that will be their mark; and all, once the server has proven itself here.
   * @param begun - messages of the session before
   * @param depth - the most messages on the way
   */
  mayGoAhead(begun: number, depth: number, isFollowed: boolean): boolean {
    if (begun === 0 || this.#proofs >= this.#needed) return true;
    return isFollowed && this.#needed === needsOfProven && begun < depth;
  }

  /** A message has begun behind the content of another. */
  behind(run: TransactionRun): void {
    this.#probe = run;
  }

  /** The server asks for the content of a message: 354. */
  asked(run: TransactionRun): void {
    if (run === this.#probe) this.#proofs++;
  }

  /** A message is over. */
  hold(run: TransactionRun): void {
    this.#unconfirmed.push(run);
  }

  /**
   * The outcomes of those that are over and were not told, the oldest first.
   * @param end - of a session in which the mark did not come
   */
  take(end?: BrokenSession): RecipientOutcome[][] {
    const taken = this.#unconfirmed;
    const isUnmarked = end !== undefined && (end.cause === 'silent' || this.needsMark);
    this.#unconfirmed = [];
    return taken.map((run, index) => {
      // A server that answers out of order (against RFC 2920 3.1) may have answered none of them; one that says no more, or closes before the
      // mark, may have swallowed one behind the first.
      const isInDoubt = end?.cause === 'wrong' || (isUnmarked && index > 0);
      if (!isInDoubt || end === undefined) return run.outcomes.finish();
      run.outcomes.doubtReplies();
      return run.outcomes.finish(end.of(run, false));
    });
  }
}
