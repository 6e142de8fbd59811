// What became of the listeners of a new configuration, gathered from all receiver processes, when the manager has it in force, too. Promises: it
// resolves, also when a process ends or hangs.

/** A receiver opens its listeners within milliseconds. One that hangs must not keep the operator waiting. */
const waitMs = 5_000;

interface Gathering {
  /** Serials of the processes that have not answered. */
  readonly awaited: Set<number>;
  /** A port that several receivers share fails for the same reason in each. */
  readonly notOpen: Set<string>;
  readonly done: () => void;
}

export class OpenedListeners {
  readonly #gatherings = new Map<number, Gathering>();
  #last = 0;

  /**
   * Begins a reload.
   * @param receivers - serials of the processes that will answer
   * @param manager - serial of the manager, if it runs: limits of the new configuration hold when it has answered
   * @param tell - sends the number of the reload with the configuration
   * @param answerWithinMs - how long answers are waited for
   * @returns for each listener that is not open, a sentence that says why
   */
  async gather(
    receivers: readonly number[],
    manager: readonly number[],
    tell: (reload: number) => void,
    answerWithinMs = waitMs,
  ): Promise<readonly string[]> {
    const reload = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    const gathering: Gathering = {
      awaited: new Set([...receivers, ...manager]),
      notOpen: new Set(),
      done: resolve,
    };
    this.#gatherings.set(reload, gathering);
    const timer = setTimeout(() => {
      // A manager that loads plugins may take longer, and says by itself what is wrong with it.
      if (receivers.some((serial) => gathering.awaited.has(serial)))
        gathering.notOpen.add('A receiver process has not answered.');
      resolve();
    }, answerWithinMs);
    tell(reload);
    this.#endIfComplete(gathering);
    await promise;
    clearTimeout(timer);
    this.#gatherings.delete(reload);
    return [...gathering.notOpen];
  }

  /** A receiver has opened what it could, or the manager has done its part. */
  answered(serial: number, reload: number, notOpen: readonly string[]): void {
    const gathering = this.#gatherings.get(reload);
    if (gathering === undefined) return;
    for (const each of notOpen) gathering.notOpen.add(each);
    gathering.awaited.delete(serial);
    this.#endIfComplete(gathering);
  }

  /** A process ended. Its successor begins with the new configuration, and tells by a trouble of its role when it cannot. */
  ended(serial: number): void {
    for (const gathering of this.#gatherings.values()) {
      if (gathering.awaited.delete(serial)) this.#endIfComplete(gathering);
    }
  }

  #endIfComplete({ awaited, done }: Gathering): void {
    if (awaited.size === 0) done();
  }
}
