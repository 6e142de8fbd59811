// Delays events by a constant time, in order: a queue with one timer for all of its events. Timers are late, by more on a busy machine; an event
// therefore leaves earlier by as much as events were late lately, so that the delay is right on average.

/** The most by which an event leaves before its time. */
const mostEarlyMs = 3;
/** Weight of an event's lateness in the average. */
const weight = 1 / 64;
/** The queue is cut when this many events at its start have passed. */
const cutAfter = 4096;

export class DelayLine<T> {
  readonly #delayMs: number;
  readonly #arrived: (event: T) => void;
  #events: T[] = [];
  #dueMs: number[] = [];
  /** Events before this index have passed. */
  #first = 0;
  #isWaiting = false;
  #passed = 0;
  #lateMs = 0;
  /** By how much events leave before their time. */
  #earlyMs = 0.5;

  /** @param delayMs - 0: events pass at once */
  constructor(delayMs: number, arrived: (event: T) => void) {
    this.#delayMs = delayMs;
    this.#arrived = arrived;
  }

  /** By how much events were late, on average, because this process had no time. */
  get meanLatenessMs(): number {
    return this.#passed === 0 ? 0 : this.#lateMs / this.#passed;
  }

  send(event: T): void {
    if (this.#delayMs === 0) {
      this.#arrived(event);
      return;
    }
    this.#events.push(event);
    this.#dueMs.push(performance.now() + this.#delayMs);
    this.#wait(this.#delayMs);
  }

  readonly #pass = (): void => {
    this.#isWaiting = false;
    const nowMs = performance.now();
    const count = this.#events.length;
    while (this.#first < count) {
      const lateMs = nowMs - this.#dueMs[this.#first]!;
      if (lateMs < -this.#earlyMs) break;
      this.#passed++;
      this.#lateMs += lateMs;
      this.#earlyMs = Math.min(mostEarlyMs, Math.max(0, this.#earlyMs + lateMs * weight));
      this.#arrived(this.#events[this.#first++]!);
    }
    if (this.#first >= cutAfter || this.#first === this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#dueMs = this.#dueMs.slice(this.#first);
      this.#first = 0;
    }
    const next = this.#dueMs[this.#first];
    if (next !== undefined) this.#wait(next - performance.now());
  };

  #wait(ms: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    // Timers cut fractions off.
    setTimeout(this.#pass, Math.max(1, Math.round(ms - this.#earlyMs)));
  }
}
