// What is wrong right now in one process. The code that notices a trouble raises it, and clears it when it is over.
// `sluice status` shows the troubles of all processes.

import type { TroubleKey } from './trouble-kinds.ts';

/** `critical`: mail is refused, held up or at risk. `warning`: it still flows, and somebody should look. */
export type TroubleLevel = 'warning' | 'critical';

export interface Trouble {
  /** What it is about, unique within the process. */
  readonly key: TroubleKey;
  readonly level: TroubleLevel;
  /** One sentence: what is wrong, and what follows from it. */
  readonly text: string;
  /** What to do about it. */
  readonly advice: string;
  /** Unix ms at which it began. */
  readonly sinceMs: number;
}

export class Troubles {
  readonly #current = new Map<TroubleKey, Trouble>();
  readonly #now: () => number;
  #changed: (troubles: readonly Trouble[]) => void = () => undefined;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Calls back with all troubles whenever one begins, changes or ends. */
  onChanged(changed: (troubles: readonly Trouble[]) => void): void {
    this.#changed = changed;
  }

  /** Raises a trouble, or changes its level and text; it began when it was first raised. */
  raise(key: TroubleKey, level: TroubleLevel, text: string, advice: string): void {
    const before = this.#current.get(key);
    if (before?.level === level && before.text === text && before.advice === advice) return;
    this.#current.set(key, { key, level, text, advice, sinceMs: before?.sinceMs ?? this.#now() });
    this.#changed(this.list);
  }

  /** Ends a trouble; does nothing when there is none of that key. */
  clear(key: TroubleKey): void {
    if (this.#current.delete(key)) this.#changed(this.list);
  }

  /** Oldest first. */
  get list(): readonly Trouble[] {
    return [...this.#current.values()];
  }
}
