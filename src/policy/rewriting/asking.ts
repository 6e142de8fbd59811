// Look-ups of a computation that does not know whether its tables answer at once. A computation is a generator that yields questions; it gets
// the answers at once where the table gives them at once, so that most mail waits for nothing.

import { setImmediate } from 'node:timers/promises';
import type { Answer, Table } from '../../table/table.ts';

export interface Question {
  readonly table: Table;
  readonly keys: readonly string[];
}

/** @typeParam Result - of the computation */
export type Asking<Result> = Generator<Question, Result, readonly Answer[]>;

/** After so many keys, other work of the process has its turn. */
const keysInOneTurn = 2_000;

/** Runs a computation. A promise comes back only where a table gives one, or there are many keys. */
export function answered<Result>(asking: Asking<Result>): Result | Promise<Result> {
  let keys = 0;
  let step = asking.next([]);
  while (step.done !== true) {
    const { table, keys: asked } = step.value;
    keys += asked.length;
    const answers = table.lookup(asked);
    if (answers instanceof Promise || keys > keysInOneTurn) return continued(asking, answers);
    step = asking.next(answers);
  }
  return step.value;
}

async function continued<Result>(
  asking: Asking<Result>,
  first: readonly Answer[] | Promise<readonly Answer[]>,
): Promise<Result> {
  let keys = 0;
  let step = asking.next(await first);
  while (step.done !== true) {
    const { table, keys: asked } = step.value;
    keys += asked.length;
    const answers = await table.lookup(asked);
    if (keys > keysInOneTurn) {
      keys = 0;
      await setImmediate();
    }
    step = asking.next(answers);
  }
  return step.value;
}
