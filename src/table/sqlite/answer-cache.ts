// Keeps answers for a while. It keeps those of a whole call together: answers of different calls may come from different
// versions of the data.

import type { Answer } from '../table.ts';

interface Kept {
  readonly answers: readonly Answer[];
  readonly untilMs: number;
  readonly bytes: number;
}

/** What one entry takes beside its texts, about. */
const overheadBytes = 200;

export interface AnswerCacheParts {
  readonly mostBytes: number;
  readonly keepMs: number;
  /** For answers that found nothing; not given: as long. */
  readonly keepAbsentMs?: number;
  /** A monotonic clock. */
  readonly nowMs?: () => number;
}

export class AnswerCache {
  readonly #mostBytes: number;
  readonly #keepMs: number;
  readonly #keepAbsentMs: number;
  readonly #nowMs: () => number;
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor({
    mostBytes,
    keepMs,
    keepAbsentMs = keepMs,
    nowMs = () => performance.now(),
  }: AnswerCacheParts) {
    this.#mostBytes = mostBytes;
    this.#keepMs = keepMs;
    this.#keepAbsentMs = keepAbsentMs;
    this.#nowMs = nowMs;
  }

  /** The answers of an earlier call with the same keys. */
  get(keys: readonly string[]): readonly Answer[] | undefined {
    const kept = this.#kept.get(nameOf(keys));
    return kept !== undefined && kept.untilMs > this.#nowMs() ? kept.answers : undefined;
  }

  /** Keeps answers, unless one is failing. */
  set(keys: readonly string[], answers: readonly Answer[]): void {
    let bytes = overheadBytes;
    const name = nameOf(keys);
    bytes += 2 * name.length;
    for (const answer of answers) {
      if (answer.kind === 'failing') return;
      if (answer.kind === 'found') for (const value of answer.values) bytes += 2 * value.length + 16;
    }
    this.#remove(name);
    if (bytes > this.#mostBytes) return;
    const keepMs = answers.some(({ kind }) => kind === 'found') ? this.#keepMs : this.#keepAbsentMs;
    this.#kept.set(name, { answers, untilMs: this.#nowMs() + keepMs, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(name: string): void {
    this.#bytes -= this.#kept.get(name)?.bytes ?? 0;
    this.#kept.delete(name);
  }
}

/** Unambiguous: no two lists of keys have the same. */
function nameOf(keys: readonly string[]): string {
  return keys.length === 1 && keys[0] !== undefined ? `1${keys[0]}` : JSON.stringify(keys);
}
