// Typed, batched, bounded message channels between roles: the same interface inside one process and across processes.
// Messages posted in one turn leave together; a peer that falls behind shows as `congested`.

/** One end of a channel. `Out` leaves here, `In` arrives here. */
export interface Channel<Out, In> {
  /** Queues a message for the end of this turn. Never refuses: a producer that can wait looks at `congested` first. */
  post(message: Out): void;
  /** True while more than the window of posted messages is not yet taken by the peer. */
  readonly congested: boolean;
  /** Calls back once when the channel is no longer congested (at once if it is not). */
  whenDrained(callback: () => void): void;
  /** Who takes the messages, a batch at a time; who comes later takes over. What arrived before is kept for the first. */
  receive(take: (batch: readonly In[]) => void): void;
  /** Called once when the peer is gone. */
  onClosed(callback: () => void): void;
  close(): void;
}

/** Messages that may be under way before a channel counts as congested. */
export const channelWindow = 4096;

/** Both ends of a channel inside one process; delivery is deferred to the end of the turn, as across processes. */
export function localChannel<A, B>(): [Channel<A, B>, Channel<B, A>] {
  const left = new LocalEnd<A, B>();
  const right = new LocalEnd<B, A>();
  left.connect(right);
  right.connect(left);
  return [left, right];
}

class LocalEnd<Out, In> implements Channel<Out, In> {
  #peer: LocalEnd<In, Out> | undefined;
  #queue: Out[] = [];
  #take: ((batch: readonly In[]) => void) | undefined;
  #waiting: readonly In[][] = [];
  #closed: (() => void)[] = [];
  #drained: (() => void)[] = [];

  connect(peer: LocalEnd<In, Out>): void {
    this.#peer = peer;
  }

  get congested(): boolean {
    return this.#queue.length > channelWindow;
  }

  post(message: Out): void {
    if (this.#queue.push(message) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#queue;
    this.#queue = [];
    this.#peer?.arrive(batch);
    const drained = this.#drained;
    this.#drained = [];
    for (const callback of drained) callback();
  }

  arrive(batch: In[]): void {
    if (this.#take === undefined) this.#waiting = [...this.#waiting, batch];
    else this.#take(batch);
  }

  whenDrained(callback: () => void): void {
    if (this.congested) this.#drained.push(callback);
    else callback();
  }

  receive(take: (batch: readonly In[]) => void): void {
    this.#take = take;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const batch of waiting) take(batch);
  }

  onClosed(callback: () => void): void {
    this.#closed.push(callback);
  }

  close(): void {
    // What was posted in this turn still arrives, as across processes.
    if (this.#queue.length > 0) this.#flush();
    const peer = this.#peer;
    this.#peer = undefined;
    peer?.lost();
  }

  lost(): void {
    this.#peer = undefined;
    for (const callback of this.#closed) callback();
  }
}
