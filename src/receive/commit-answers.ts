// When a connection is told that messages which waited for stable storage are answered: once for all that one commit has stored, so
// that their replies leave in one write.

export class CommitAnswers {
  readonly #tell: () => void;
  #isDue = false;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** A message is answered. @param unanswered - messages of the session that still wait */
  answered(unanswered: number): void {
    if (this.#isDue) return;
    if (unanswered === 0) {
      this.#tell();
      return;
    }
    // Those that the same commit has stored are answered in this turn, before this microtask.
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#tell();
    });
  }
}
