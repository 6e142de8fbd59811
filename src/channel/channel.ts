// Typed, batched, bounded message channels between roles: the same interface inside one process and across processes.
// Messages posted in one turn of the event loop leave together. A channel whose peer falls behind is `congested`.

/** One end of a channel: it sends messages of type `Out` and receives messages of type `In`. */
export interface Channel<Out, In> {
  /** Queues a message for the end of this turn. Never refuses: a producer that can wait looks at `congested` first. */
  post(message: Out): void;
  /** True while the peer has yet to take more than `channelWindow` of the posted messages. */
  readonly congested: boolean;
  /** Calls back once when the channel is no longer congested; at once if it is not congested now. */
  whenDrained(callback: () => void): void;
  /** Sets the consumer, replacing an earlier one. Batches received before the first are buffered. */
  receive(take: (batch: readonly In[]) => void): void;
  /** Called once when the peer is gone. */
  onClosed(callback: () => void): void;
  close(): void;
}

/** Messages that may be under way before a channel counts as congested. */
export const channelWindow = 4096;

/** Both ends of a channel inside one process. As across processes, a message arrives after the turn that posted it. */
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
  #consume: ((batch: readonly In[]) => void) | undefined;
  #buffered: readonly In[][] = [];
  #closedCallbacks: (() => void)[] = [];
  #drainedCallbacks: (() => void)[] = [];

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
    const drained = this.#drainedCallbacks;
    this.#drainedCallbacks = [];
    for (const callback of drained) callback();
  }

  arrive(batch: In[]): void {
    if (this.#consume === undefined) this.#buffered = [...this.#buffered, batch];
    else this.#consume(batch);
  }

  whenDrained(callback: () => void): void {
    if (this.congested) this.#drainedCallbacks.push(callback);
    else callback();
  }

  receive(take: (batch: readonly In[]) => void): void {
    this.#consume = take;
    const waiting = this.#buffered;
    this.#buffered = [];
    for (const batch of waiting) take(batch);
  }

  onClosed(callback: () => void): void {
    this.#closedCallbacks.push(callback);
  }

  close(): void {
    // As across processes, messages posted in this turn still arrive.
    if (this.#queue.length > 0) this.#flush();
    const peer = this.#peer;
    this.#peer = undefined;
    peer?.lost();
  }

  lost(): void {
    this.#peer = undefined;
    for (const callback of this.#closedCallbacks) callback();
  }
}
