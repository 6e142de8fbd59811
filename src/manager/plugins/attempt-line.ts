// What one plugin is to be told of attempts: a line in memory, bounded, from which it gets batches, one at a time. Promises: nothing waits for the
// plugin. What finds no room in the line, and what the plugin failed at, is counted and told to `lost`; nothing is told twice.

import type { Timer, Timers } from '../../io/timers.ts';
import type { AttemptFacts } from '../../plugin/delivery-types.ts';
import type { DeliveryPlugin } from './delivery-plugin.ts';

/** Most attempts that wait for a plugin. */
const mostWaiting = 10_000;
/** Most attempts in one batch. */
const mostInBatch = 200;
/** A plugin that does not run is tried again after this time. */
const pauseMs = 1_000;

export interface AttemptLineParts {
  readonly timers: Timers;
  /** Attempts that the plugin was not told, or that it failed at. @param why - a clause */
  readonly lost: (plugin: string, why: string, times: number) => void;
}

/** Facts that may have to be completed from the spool first. */
export type Telling = () => AttemptFacts | Promise<AttemptFacts>;

export class AttemptLine {
  readonly #plugin: DeliveryPlugin;
  readonly #parts: AttemptLineParts;
  #waiting: Telling[] = [];
  #isBusy = false;
  #willStart = false;
  #pause: Timer | undefined;
  #isClosed = false;

  constructor(plugin: DeliveryPlugin, parts: AttemptLineParts) {
    this.#plugin = plugin;
    this.#parts = parts;
  }

  get plugin(): DeliveryPlugin {
    return this.#plugin;
  }

  /** Is there room for one more? If not, it is lost. */
  takes(): boolean {
    if (this.#waiting.length < mostWaiting) return true;
    this.#lost(`it is slower than attempts are made: more than ${mostWaiting} wait`, 1);
    return false;
  }

  /** To be called when it `takes` one more. */
  tell(telling: Telling): void {
    if (this.#isClosed) return;
    this.#waiting.push(telling);
    this.#startSoon();
  }

  /** From now on nothing is told. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#parts.timers.clear(this.#pause);
  }

  /** At the end of the turn, so that what comes together is told together. */
  #startSoon(): void {
    if (this.#willStart || this.#isBusy || this.#pause !== undefined) return;
    this.#willStart = true;
    queueMicrotask(() => {
      this.#willStart = false;
      void this.#run();
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    const tellings = this.#waiting.splice(0, mostInBatch);
    const facts = await Promise.all(tellings.map((telling) => telling()));
    // Completed once: what is told again is what was told before.
    const kept = this.#isClosed ? [] : await this.#hand(facts);
    this.#isBusy = false;
    if (kept.length > 0) {
      this.#waiting.unshift(...kept.map((each) => () => each));
      this.#pause = this.#parts.timers
        .setTimeout(() => {
          this.#pause = undefined;
          this.#startSoon();
        }, pauseMs)
        .unref();
    } else if (this.#waiting.length > 0) this.#startSoon();
  }

  /** @returns what has not reached the plugin */
  async #hand(facts: readonly AttemptFacts[]): Promise<readonly AttemptFacts[]> {
    const told = await this.#plugin.attempts(facts);
    const kept: AttemptFacts[] = [];
    let failed = 0;
    let why = '';
    for (const [index, each] of facts.entries()) {
      const outcome = told[index];
      if (outcome !== undefined && 'value' in outcome) continue;
      if (outcome?.wasAsked === false) kept.push(each);
      else {
        failed++;
        why = outcome?.fault ?? 'it gave no answer';
      }
    }
    if (failed > 0) this.#lost(why, failed);
    return kept;
  }

  #lost(why: string, times: number): void {
    this.#parts.lost(this.#plugin.name, why, times);
  }
}
