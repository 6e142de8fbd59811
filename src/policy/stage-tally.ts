// Counts what one [[stage]] has answered, by verdict, for `sluice status`. Promises: a count costs two look-ups in a map, and nothing is
// allocated once a verdict was counted.

import type { EventCounters, StageCountKey } from '../log/event-counters.ts';

type Counters = Pick<EventCounters, 'countedFor'>;

export class StageTally {
  readonly #counters: Counters;
  readonly #stage: string;
  readonly #answers = new Map<string, StageCountKey>();
  readonly #tested = new Map<string, StageCountKey>();

  constructor(stage: string, counters: Counters) {
    this.#stage = stage;
    this.#counters = counters;
  }

  /**
   * It has answered, or done what this word says.
   * @param word - the kind of a verdict, `failed`, or a word of the stage itself such as `delayed`: one lower-case word
   */
  answered(word: string): void {
    this.#add(this.#answers, word, '');
  }

  /** It would have done so, and is only tested. */
  wouldHave(word: string): void {
    this.#add(this.#tested, word, 'test ');
  }

  #add(keys: Map<string, StageCountKey>, word: string, prefix: '' | 'test '): void {
    let key = keys.get(word);
    if (key === undefined) keys.set(word, (key = `stage ${this.#stage} ${prefix}${word}`));
    this.#counters.countedFor(key);
  }
}

/** The tallies of all stages of a process, by their names. */
export class StageTallies {
  readonly #counters: Counters;
  readonly #all = new Map<string, StageTally>();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  of(stage: string): StageTally {
    let tally = this.#all.get(stage);
    if (tally === undefined) this.#all.set(stage, (tally = new StageTally(stage, this.#counters)));
    return tally;
  }
}
