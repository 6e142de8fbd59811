// Messages to the service manager, one after the other. Promises: nothing here makes the supervisor wait, a message that cannot be
// sent now is sent later, and no more than some wait.

/** Sends one message, and calls back with the error, if there is one. Called again only after that. */
export type SendMessage = (message: string, done: (error?: NodeJS.ErrnoException | null) => void) => void;

/** Messages that wait while the service manager takes none. Old ones are out of date by then. */
const mostWaiting = 16;

/** How long until a message is tried again for which the service manager had no room. */
const retryMs = 200;

export class MessageQueue {
  readonly #send: SendMessage;
  readonly #failed: (error: NodeJS.ErrnoException) => void;
  readonly #waiting: string[] = [];
  #isBusy = false;
  #whenEmpty: (() => void)[] = [];

  /** @param failed - told of a message that was lost */
  constructor(send: SendMessage, failed: (error: NodeJS.ErrnoException) => void) {
    this.#send = send;
    this.#failed = failed;
  }

  /** Whether messages wait. Pings add none then: each of them would say the same. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  post(message: string): void {
    this.#waiting.push(message);
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
    this.#next();
  }

  /** Resolves when all messages have been sent, or after a time. */
  async flush(patienceMs: number): Promise<void> {
    if (!this.#isBusy) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty.push(resolve);
    const timer = setTimeout(resolve, patienceMs);
    await promise;
    clearTimeout(timer);
  }

  #next(): void {
    if (this.#isBusy) return;
    const message = this.#waiting.shift();
    if (message === undefined) {
      for (const resolve of this.#whenEmpty.splice(0)) resolve();
      return;
    }
    this.#isBusy = true;
    this.#send(message, (error) => {
      if (error?.code === 'EAGAIN') {
        // Its queue is full (unix(7)).
        this.#waiting.unshift(message);
        setTimeout(() => this.#sent(), retryMs).unref();
        return;
      }
      if (error !== undefined && error !== null) this.#failed(error);
      this.#sent();
    });
  }

  #sent(): void {
    this.#isBusy = false;
    this.#next();
  }
}
