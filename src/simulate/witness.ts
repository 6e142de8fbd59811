// Whoever watches a simulation: the judges of tests, and the reporter of `sluice simulate`. Told what is visible from
// outside, in order, at the simulation's time.

import type { Effect, RecipientResult } from '../schedule/types.ts';
import type { Objection, Visit } from './trait.ts';

/** Nothing is kept of the arguments that the simulation changes later: `recipients` are indexes in the envelope. */
export class Witness {
  /** Every effect, before it is performed. */
  effect(_effect: Effect, _nowMs: number): void {}
  /** A connection is begun; it counts from now on. */
  opened(_visit: Visit, _nowMs: number): void {}
  /** It did not become ready. `refusal` is undefined when it broke or took too long. */
  refused(_visit: Visit, _refusal: Objection | undefined, _nowMs: number): void {}
  /** It is gone, whatever it was. */
  closed(_visit: Visit, _nowMs: number): void {}
  /** A transaction is on its way; `first` with its connection. */
  granted(
    _visit: Visit,
    _message: number,
    _recipients: readonly number[],
    _first: boolean,
    _nowMs: number,
  ): void {}
  /** The transaction that was granted last was never tried. */
  unsent(_visit: Visit, _message: number, _recipients: readonly number[], _nowMs: number): void {}
  /** The results of a transaction, as the client reports them. */
  answered(_visit: Visit, _message: number, _results: readonly RecipientResult[], _nowMs: number): void {}
  /** The destination took a message for a recipient; `heard` when the client got to know it. */
  took(_visit: Visit, _message: number, _recipient: number, _heard: boolean, _nowMs: number): void {}
  deferred(_message: number, _effect: Extract<Effect, { readonly kind: 'deferred' }>, _nowMs: number): void {}
  delivered(_message: number, _recipient: number, _nowMs: number): void {}
  failed(_message: number, _effect: Extract<Effect, { readonly kind: 'failed' }>, _nowMs: number): void {}
  done(_message: number, _nowMs: number): void {}
  /** The scheduler was called, and everything that it wanted is under way. */
  settled(_nowMs: number): void {}
}
