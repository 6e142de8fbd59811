// Who has a mailbox, asked of the directory. Promises: one question for an address at a time; an answer is kept for a second, so that a user
// who is removed gets no mail after that, and a burst of mail to one user costs one question; that nobody can tell is not kept.

import type { Directory, FoundUser } from '../../directory/types.ts';

const keepMs = 1_000;
const mostKept = 10_000;

export type UserFinder = Pick<Directory, 'find'>;

interface Kept {
  readonly answer: Promise<FoundUser>;
  readonly untilMs: number;
}

export class UserLookups implements UserFinder {
  readonly #directory: UserFinder;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, Kept>();

  /** @param nowMs - on a steady clock */
  constructor(directory: UserFinder, nowMs: () => number) {
    this.#directory = directory;
    this.#nowMs = nowMs;
  }

  find(address: string): Promise<FoundUser> {
    const nowMs = this.#nowMs();
    const kept = this.#kept.get(address);
    if (kept !== undefined && nowMs < kept.untilMs) return kept.answer;
    const answer = this.#directory.find(address);
    const entry: Kept = { answer, untilMs: nowMs + keepMs };
    this.#kept.delete(address);
    this.#kept.set(address, entry);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    void answer.then(
      ({ kind }) => {
        if (kind === 'failing') this.#drop(address, entry);
      },
      () => this.#drop(address, entry),
    );
    return answer;
  }

  #drop(address: string, entry: Kept): void {
    if (this.#kept.get(address) === entry) this.#kept.delete(address);
  }
}
