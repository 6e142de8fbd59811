// The timers of a plugin. Promises: a task never runs twice at the same time, and none begins after the plugin has ended.

type Act = () => void | Promise<void>;

export class Tasks {
  readonly #fail: (error: unknown) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #hasEnded = false;

  /** @param fail - told of a task that fails */
  constructor(fail: (error: unknown) => void) {
    this.#fail = fail;
  }

  every(ms: number, act: Act): () => void {
    return this.#begin(ms, act, true);
  }

  after(ms: number, act: Act): () => void {
    return this.#begin(ms, act, false);
  }

  end(): void {
    this.#hasEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #begin(ms: number, act: Act, isRepeated: boolean): () => void {
    if (!(ms >= 0 && ms <= 2 ** 31 - 1)) throw new RangeError(`${ms} ms are no time that can be waited for`);
    let isWanted = true;
    let timer: NodeJS.Timeout | undefined;
    const forget = (): void => {
      clearTimeout(timer);
      if (timer !== undefined) this.#timers.delete(timer);
    };
    const wait = (): void => {
      if (this.#hasEnded || !isWanted) return;
      const run = async (): Promise<void> => {
        forget();
        await this.#run(act);
        if (isRepeated) wait();
      };
      timer = setTimeout(() => void run(), Math.max(1, ms));
      this.#timers.add(timer);
    };
    wait();
    return () => {
      isWanted = false;
      forget();
    };
  }

  async #run(act: Act): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#fail(error);
    }
  }
}
