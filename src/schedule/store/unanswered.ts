// What is known about connections that no host has greeted on: which there are, the oldest first, and how many failed or
// were greeted late in the last seconds. When one of them moves from limit to limit is decided in reserve/unanswered.ts.

import { Uint8Column } from './columns.ts';
import { RecentCount } from './recent-count.ts';
import { RowChain } from './row-chain.ts';

/** The columns grow with the rows of the connections. */
export class UnansweredConnections {
  /** Those that have not been told to close, the oldest first. */
  readonly waiting = new RowChain();
  /** 1: it hangs, and has left the global limit. */
  readonly hanging = new Uint8Column();
  /** 1: it was told to close before it was greeted. */
  readonly givenUp = new Uint8Column();
  /** Failed connections to unproven sites: those with no established connection. */
  readonly failures = new RecentCount();
  /** Connections that were greeted after they had left the global limit. */
  readonly lateGreetings = new RecentCount();
  /** When to look again whether one hangs. */
  nextCheckMs = 0;
  #first = -1;
  #firstNotHanging = -1;
  #waitingCount = 0;
  #hangingCount = 0;

  /** The oldest one that waits for its greeting; -1: none. */
  get first(): number {
    return this.#first;
  }

  /** The oldest one that does not hang. All that hang are older; -1: none. */
  get firstNotHanging(): number {
    return this.#firstNotHanging;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** How many hang, those that were given up and have not closed included. */
  get hangingCount(): number {
    return this.#hangingCount;
  }

  add(connection: number): void {
    this.hanging.set(connection, 0);
    this.givenUp.set(connection, 0);
    this.#waitingCount++;
    this.#first = this.waiting.append(this.#first, connection);
    if (this.#firstNotHanging < 0) this.#firstNotHanging = connection;
  }

  /** The oldest one that does not hang does so from now on. */
  markFirstHanging(): void {
    const connection = this.#firstNotHanging;
    this.#firstNotHanging = this.waiting.next.get(connection);
    this.hanging.set(connection, 1);
    this.#hangingCount++;
  }

  /** It hangs no longer. Of those that wait, call it for the newest one that hangs. */
  stopHanging(connection: number): void {
    this.#hangingCount -= this.hanging.get(connection);
    this.hanging.set(connection, 0);
    if (!this.isGivenUp(connection)) this.#firstNotHanging = connection;
  }

  /** It was told to close. */
  giveUp(connection: number): void {
    this.#removeFromWaiting(connection);
    this.givenUp.set(connection, 1);
  }

  isGivenUp(connection: number): boolean {
    return this.givenUp.get(connection) !== 0;
  }

  /** It was greeted, or is gone. */
  remove(connection: number): void {
    this.#hangingCount -= this.hanging.get(connection);
    this.hanging.set(connection, 0);
    if (this.isGivenUp(connection)) this.givenUp.set(connection, 0);
    else this.#removeFromWaiting(connection);
  }

  #removeFromWaiting(connection: number): void {
    this.#waitingCount--;
    if (this.#firstNotHanging === connection) this.#firstNotHanging = this.waiting.next.get(connection);
    this.#first = this.waiting.remove(this.#first, connection);
  }
}
