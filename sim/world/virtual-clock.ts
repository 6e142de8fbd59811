// Time in the simulated world: it stands still while something happens and jumps to the next thing that will.

interface Appointment {
  readonly atMs: number;
  /** Order among equals. */
  readonly number: number;
  readonly act: () => void;
}

/** Runs what was put down, in order of time; equal times in the order in which they were put down. */
export class VirtualClock {
  nowMs: number;
  #heap: Appointment[] = [];
  #count = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Puts something down for a time; a time that is past means now. */
  at(atMs: number, act: () => void): void {
    const heap = this.#heap;
    const appointment = { atMs: Math.max(atMs, this.nowMs), number: (this.#count += 1), act };
    let hole = heap.length;
    heap.push(appointment);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!isBefore(appointment, heap[parent]!)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = appointment;
  }

  after(delayMs: number, act: () => void): void {
    this.at(this.nowMs + delayMs, act);
  }

  /** Does the next thing; false when nothing is put down before `endMs`. */
  step(endMs: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.atMs > endMs) return false;
    this.#removeFirst();
    this.nowMs = next.atMs;
    next.act();
    return true;
  }

  /** Forgets everything that was put down. */
  clear(): void {
    this.#heap = [];
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
  }
}

function isBefore(left: Appointment, right: Appointment): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.number < right.number);
}
