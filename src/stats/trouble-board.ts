// The troubles of all processes in one list, the worst first, each with the processes that have it. The supervisor keeps it;
// with all roles in a single process, there is one entry.

import type { Trouble, TroubleLevel } from './troubles.ts';

/** A trouble, with the processes that have it. */
export interface ReportedTrouble extends Trouble {
  readonly processes: readonly string[];
}

const rank: Readonly<Record<TroubleLevel, number>> = { critical: 0, warning: 1 };

export class TroubleBoard {
  readonly #lists = new Map<string, readonly Trouble[]>();

  /** Replaces the troubles of a process. One that has ended has none: its successor reports its own. */
  set(process: string, troubles: readonly Trouble[]): void {
    if (troubles.length === 0) this.#lists.delete(process);
    else this.#lists.set(process, troubles);
  }

  /** The critical ones first, then the oldest. When several processes report the same text, that is one trouble. */
  get list(): readonly ReportedTrouble[] {
    const merged = new Map<string, ReportedTrouble>();
    for (const [process, troubles] of this.#lists) {
      for (const trouble of troubles) {
        const words = JSON.stringify([trouble.key, trouble.level, trouble.text, trouble.advice]);
        const before = merged.get(words);
        merged.set(words, {
          ...trouble,
          sinceMs: Math.min(before?.sinceMs ?? Infinity, trouble.sinceMs),
          processes: [...(before?.processes ?? []), process],
        });
      }
    }
    return [...merged.values()].sort(
      (a, b) => rank[a.level] - rank[b.level] || a.sinceMs - b.sinceMs || a.key.localeCompare(b.key),
    );
  }
}
