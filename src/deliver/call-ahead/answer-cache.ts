// The answers of other servers that are kept. Promises: their number is bounded; what is kept too long is used only when nobody can be asked, and
// only to accept: a recipient that was unknown long ago may be there now.

import { RecentMap } from '../../dns/recent-map.ts';
import type { RecipientAnswer } from '../../policy/recipients/recipient-source.ts';
import type { CacheSettings } from './call-ahead-types.ts';

interface Kept {
  readonly answer: RecipientAnswer;
  readonly untilMs: number;
}

export class AnswerCache {
  readonly #settings: CacheSettings;
  readonly #answers: RecentMap<string, Kept>;

  constructor(settings: CacheSettings) {
    this.#settings = settings;
    this.#answers = new RecentMap(settings.entries);
  }

  get size(): number {
    return this.#answers.size;
  }

  /** An answer that is fresh enough. */
  get(recipient: string, nowMs: number): RecipientAnswer | undefined {
    const kept = this.#answers.get(recipient);
    return kept !== undefined && nowMs < kept.untilMs ? kept.answer : undefined;
  }

  /** For the case that nobody can be asked. */
  stale(recipient: string, nowMs: number): RecipientAnswer | undefined {
    const kept = this.#answers.get(recipient);
    if (kept?.answer.kind !== 'exists' || nowMs >= kept.untilMs + this.#settings.staleMs) return undefined;
    return kept.answer;
  }

  /** Keeps what is an answer. */
  set(recipient: string, answer: RecipientAnswer, nowMs: number): void {
    if (answer.kind === 'failing') return;
    const { knownMs, unknownMs } = this.#settings;
    const keepMs = answer.kind === 'exists' ? knownMs : unknownMs;
    if (keepMs > 0 || answer.kind === 'exists')
      this.#answers.set(recipient, { answer, untilMs: nowMs + keepMs });
    else this.#answers.delete(recipient);
  }
}
