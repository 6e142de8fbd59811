// The interface of those who watch a simulation: the judges of tests, and the reporter of `sluice simulate`. They are told what
// is visible from outside, in order, with the time of the simulation.

import type { Effect, RecipientResult } from '../schedule/types.ts';
import type { Objection, Visit } from './trait.ts';

/** A witness may not keep arguments that the simulation changes later. `recipients` are indexes in the envelope. */
export class Witness {
  /** Every effect, before it is performed. */
  effect(_effect: Effect, _nowMs: number): void {}
  /** A connection is begun; it counts from now on. */
  opened(_visit: Visit, _nowMs: number): void {}
  /** A connection did not become ready. `refusal` is undefined when it broke or took too long. */
  refused(_visit: Visit, _refusal: Objection | undefined, _nowMs: number): void {}
  /** A connection has ended, established or not. */
  closed(_visit: Visit, _nowMs: number): void {}
  /** A transaction was granted; `first`: it is the first of its connection. */
  granted(
    _visit: Visit,
    _message: number,
    _recipients: readonly number[],
    _first: boolean,
    _nowMs: number,
  ): void {}
  /** A transaction that was granted came to nothing. */
  unsent(_visit: Visit, _message: number, _recipients: readonly number[], _nowMs: number): void {}
  /** The results of a transaction, as the client reports them. */
  answered(_visit: Visit, _message: number, _results: readonly RecipientResult[], _nowMs: number): void {}
  /** The destination took a message for a recipient; `heard`: the client heard of it. */
  took(_visit: Visit, _message: number, _recipient: number, _heard: boolean, _nowMs: number): void {}
  deferred(_message: number, _effect: Extract<Effect, { readonly kind: 'deferred' }>, _nowMs: number): void {}
  delivered(_message: number, _recipient: number, _nowMs: number): void {}
  failed(_message: number, _effect: Extract<Effect, { readonly kind: 'failed' }>, _nowMs: number): void {}
  done(_message: number, _nowMs: number): void {}
  /** The scheduler was called, and everything that it wanted is under way. */
  settled(_nowMs: number): void {}
  /** Time has passed, and the scheduler is about to be told. */
  passed(_nowMs: number): void {}
}
