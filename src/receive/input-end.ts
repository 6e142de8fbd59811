// Whether a client sends no more, as a signal, which is made when somebody asks for it.

export class InputEnd {
  #controller: AbortController | undefined;
  #hasEnded = false;

  get ended(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#hasEnded) this.#controller.abort();
    return this.#controller.signal;
  }

  /** It sends no more. */
  end(): void {
    this.#hasEnded = true;
    this.#controller?.abort();
  }
}
