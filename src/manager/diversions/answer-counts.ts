// How many answers of stages have come since the last look, and how many of them were slow, from the counters of receivers.

import type { StormRule } from '../../policy/queues/storm-rule.ts';
import { slowWord } from '../../policy/timed-stage.ts';

export interface AnswersSince {
  /** The name of the rule. */
  readonly rule: string;
  readonly times: number;
  readonly slow: number;
}

interface SoFar {
  readonly times: number;
  readonly slow: number;
}

export class AnswerCounts {
  readonly #before = new Map<string, SoFar>();

  /** @param counts - of all receivers so far; what was before the first look does not count */
  since(rules: readonly StormRule[], counts: Readonly<Record<string, number>>): AnswersSince[] {
    const found: AnswersSince[] = [];
    for (const { name, measure } of rules) {
      if (measure.kind !== 'delay') continue;
      const now = soFar(measure.stage, counts);
      const before = this.#before.get(name);
      this.#before.set(name, now);
      if (before === undefined) continue;
      const times = Math.max(0, now.times - before.times);
      const slow = Math.max(0, now.slow - before.slow);
      // One that is slow is counted when its time is over, and again when it answers: it is one of all from the former on.
      if (times + slow > 0) found.push({ rule: name, times: Math.max(times, slow), slow });
    }
    return found;
  }
}

function soFar(stage: string, counts: Readonly<Record<string, number>>): SoFar {
  const prefix = `stage ${stage} `;
  let [times, slow] = [0, 0];
  for (const [key, count] of Object.entries(counts)) {
    if (!key.startsWith(prefix)) continue;
    const word = key.slice(prefix.length);
    if (word === slowWord) slow += count;
    else if (!word.startsWith('test ')) times += count;
  }
  return { times, slow };
}
