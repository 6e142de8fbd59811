// Threads of a plugin that were told to end and have not yet. One that hangs outside of JavaScript never does: so that they do not become
// many, no further thread is started then.

/** A thread that has not ended after this time hangs. */
const stuckAfterMs = 60_000;
const mostStuck = 2;
const most = 10;

export interface EndingThread {
  readonly hasExited: boolean;
}

export class EndingThreads {
  readonly #nowMs: () => number;
  #threads: { readonly thread: EndingThread; readonly sinceMs: number }[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(thread: EndingThread): void {
    if (!thread.hasExited) this.#threads.push({ thread, sinceMs: this.#nowMs() });
  }

  /** Whether there are so many that no further one may be started. */
  get areTooMany(): boolean {
    const nowMs = this.#nowMs();
    this.#threads = this.#threads.filter(({ thread }) => !thread.hasExited);
    const stuck = this.#threads.filter(({ sinceMs }) => nowMs >= sinceMs + stuckAfterMs);
    return stuck.length >= mostStuck || this.#threads.length >= most;
  }
}
