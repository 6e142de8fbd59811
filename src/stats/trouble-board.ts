// The troubles of all processes in one list: who has which, the worst first. The supervisor keeps it; in a single
// process there is one entry.

import type { Trouble, TroubleLevel } from './troubles.ts';

/** A trouble, with the processes that have it. */
export interface ReportedTrouble extends Trouble {
  readonly processes: readonly string[];
}

const rank: Readonly<Record<TroubleLevel, number>> = { critical: 0, warning: 1 };

export class TroubleBoard {
  readonly #lists = new Map<string, readonly Trouble[]>();

  /** Replaces the troubles of a process; it has none when it has ended: its successor notices for itself. */
  set(process: string, troubles: readonly Trouble[]): void {
    if (troubles.length === 0) this.#lists.delete(process);
    else this.#lists.set(process, troubles);
  }

  /** The critical ones first, then the oldest. What several processes say in the same words is one trouble. */
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
