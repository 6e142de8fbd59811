// Counts how many answers of a stage take longer than a rule allows, for [[diversion]] with delay. Promise: a stage that never answers counts when
// the time is over.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { StageEntry } from './stage-entry.ts';
import type { StageTallies } from './stage-tally.ts';
import { type Answer, type Facts, points, type Stage } from './stage.ts';

/** The word under which slow answers are counted, beside what they say. */
export const slowWord = 'slow';

export interface TimingParts {
  readonly deadlines: Pick<Deadlines, 'set' | 'clear'>;
  readonly tallies: Pick<StageTallies, 'of'>;
}

/** @param delays - by the name of the stage, in ms. @returns the same entries where none of them is measured */
export function timedStages(
  entries: readonly StageEntry[],
  delays: ReadonlyMap<string, number>,
  parts: TimingParts,
): readonly StageEntry[] {
  if (delays.size === 0) return entries;
  return entries.map((entry) => {
    const limitMs = delays.get(entry.stage.name);
    return limitMs === undefined ? entry : { ...entry, stage: timed(entry.stage, limitMs, parts) };
  });
}

function timed(stage: Stage, limitMs: number, { deadlines, tallies }: TimingParts): Stage {
  const tally = tallies.of(stage.name);
  const asked = new Map<string | symbol, (facts: Facts) => Answer>();
  for (const point of points) {
    const method = stage[point] as ((facts: Facts) => Answer) | undefined;
    if (method === undefined) continue;
    asked.set(point, (facts) => {
      const answer = method.call(stage, facts);
      if (!('then' in answer)) return answer;
      const deadline = new SlowAnswer(() => tally.answered(slowWord));
      deadlines.set(deadline, limitMs);
      const clear = (): void => deadlines.clear(deadline);
      answer.then(clear, clear);
      return answer;
    });
  }
  // Whatever else it has is as it was, and called on the stage itself, which may have private fields.
  return new Proxy(stage, {
    get: (target, name): unknown => {
      const value: unknown = asked.get(name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' && !asked.has(name) ? (value.bind(target) as unknown) : value;
    },
  });
}

class SlowAnswer implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly expired: () => void;

  constructor(expired: () => void) {
    this.expired = expired;
  }
}
