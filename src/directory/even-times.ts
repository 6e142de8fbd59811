// Gives answers at times that do not tell how long it took to find them: after one step of time, or after two, and so on. So it cannot be told from
// outside whether a look-up has found anything, nor in which source.
// Promises: while some answers take several steps, the others wait for as many, up to a bound, since a source that is asked about some names
// only would be noticed by its slowness.

export interface EvenTimesParts {
  /** Resolves after this time. */
  readonly wait: (ms: number) => Promise<void>;
}

/** An answer waits as long as the third slowest of so many before it. One or two that were slow by chance make no others slow. */
const [mostLately, rank] = [32, 3];

export class EvenTimes {
  readonly #parts: EvenTimesParts;
  readonly #mostMs: number;
  /** The steps that the last answers took. */
  readonly #lately: number[] = [];

  /** @param mostMs - that an answer waits because others took as long */
  constructor(parts: EvenTimesParts, mostMs: number) {
    this.#parts = parts;
    this.#mostMs = mostMs;
  }

  /**
   * Finds an answer.
   * @param stepMs - 0: it is given at once
   * @param isEven - whether its time must tell nothing; others are given at once
   */
  async give<Answer>(
    stepMs: number,
    find: () => Promise<Answer>,
    isEven: (answer: Answer) => boolean,
  ): Promise<Answer> {
    if (stepMs === 0) return find();
    // The clock of the steps begins before anything is looked up. A timer that was set afterwards, for what is left of the step, would be
    // rounded to whole milliseconds in a way that depends on how long the look-up took (measured: 0.1 ms).
    const steps = new Steps(stepMs, this.#parts.wait);
    let answer: Answer;
    try {
      answer = await find();
    } catch (error) {
      steps.stop();
      throw error;
    }
    if (!isEven(answer)) {
      steps.stop();
      return answer;
    }
    this.#remember(steps.begun);
    await steps.reached(this.#leastOf(stepMs));
    return answer;
  }

  #leastOf(stepMs: number): number {
    const slow = this.#lately.toSorted((a, b) => b - a)[rank - 1] ?? 1;
    return Math.min(slow, Math.floor(this.#mostMs / stepMs));
  }

  #remember(steps: number): void {
    this.#lately.push(steps);
    if (this.#lately.length > mostLately) this.#lately.shift();
  }
}

/** Steps of time, one after the other, until they are stopped. */
class Steps {
  readonly #stepMs: number;
  readonly #wait: (ms: number) => Promise<void>;
  #passed = 0;
  #isStopped = false;
  #reached: { readonly steps: number; readonly resolve: () => void } | undefined;

  constructor(stepMs: number, wait: (ms: number) => Promise<void>) {
    this.#stepMs = stepMs;
    this.#wait = wait;
    void this.#run();
  }

  /** The number of the step that is under way. */
  get begun(): number {
    return this.#passed + 1;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves at the end of this step; at the end of the present one, if that is later. */
  reached(steps: number): Promise<void> {
    return new Promise((resolve) => {
      this.#reached = { steps, resolve };
    });
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#wait(this.#stepMs);
      this.#passed++;
      const { steps, resolve } = this.#reached ?? {};
      if (steps === undefined || this.#passed < steps) continue;
      resolve?.();
      return;
    }
  }
}
