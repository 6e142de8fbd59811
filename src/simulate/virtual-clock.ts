// Time in a simulation: it stands still while an event is handled, and jumps to the time of the next one. Events are three
// numbers in typed arrays, so that millions of them need no objects; rare events may be functions.

/** Called when the time of an event has come. */
export type EventHandler = (kind: number, first: number, second: number) => void;

/** The kind of events that are functions. */
const call = 0;

/** Runs events in the order of their times; of equal times, the one that was put first comes first. */
export class VirtualClock {
  nowMs: number;
  readonly #handle: EventHandler;
  /** Heap of slots. */
  #heap = new Int32Array(64);
  #length = 0;
  #atMs = new Float64Array(64);
  /** Order among equals. */
  #number = new Float64Array(64);
  #kind = new Uint8Array(64);
  #first = new Int32Array(64);
  #second = new Int32Array(64);
  #free: number[] = [];
  #end = 0;
  #count = 0;
  #acts: ((() => void) | undefined)[] = [];
  #freeActs: number[] = [];

  constructor(startMs: number, handle: EventHandler = () => {}) {
    this.nowMs = startMs;
    this.#handle = handle;
  }

  /** Adds an event at a time (Unix ms); a time that is past means now. `kind` is from 1 to 255. */
  put(atMs: number, kind: number, first: number, second: number): void {
    const slot = this.#free.pop() ?? this.#newSlot();
    this.#atMs[slot] = atMs > this.nowMs ? atMs : this.nowMs;
    this.#number[slot] = ++this.#count;
    this.#kind[slot] = kind;
    this.#first[slot] = first;
    this.#second[slot] = second;
    const heap = this.#heap;
    let hole = this.#length;
    this.#length++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as number;
      if (!this.#isBefore(slot, above)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = slot;
  }

  /** Adds a function to be called at a time (Unix ms). */
  at(atMs: number, act: () => void): void {
    const place = this.#freeActs.pop() ?? this.#acts.length;
    this.#acts[place] = act;
    this.put(atMs, call, place, 0);
  }

  /** Moves the time on (Unix ms). The caller has seen that there is no event before. */
  passTo(atMs: number): void {
    if (atMs > this.nowMs) this.nowMs = atMs;
  }

  /** Runs the next event; false when there is none until `endMs`. */
  step(endMs: number): boolean {
    if (this.#length === 0) return false;
    const slot = this.#heap[0] as number;
    const atMs = this.#atMs[slot] as number;
    if (atMs > endMs) return false;
    this.#removeFirst();
    this.#free.push(slot);
    this.nowMs = atMs;
    const first = this.#first[slot] as number;
    if (this.#kind[slot] === call) {
      const act = this.#acts[first];
      this.#acts[first] = undefined;
      this.#freeActs.push(first);
      act?.();
    } else {
      this.#handle(this.#kind[slot] as number, first, this.#second[slot] as number);
    }
    return true;
  }

  #newSlot(): number {
    const slot = this.#end;
    this.#end++;
    const capacity = this.#heap.length;
    if (slot === capacity) {
      this.#heap = copy(this.#heap, new Int32Array(capacity * 2));
      this.#atMs = copy(this.#atMs, new Float64Array(capacity * 2));
      this.#number = copy(this.#number, new Float64Array(capacity * 2));
      this.#kind = copy(this.#kind, new Uint8Array(capacity * 2));
      this.#first = copy(this.#first, new Int32Array(capacity * 2));
      this.#second = copy(this.#second, new Int32Array(capacity * 2));
    }
    return slot;
  }

  #isBefore(left: number, right: number): boolean {
    const leftMs = this.#atMs[left] as number;
    const rightMs = this.#atMs[right] as number;
    if (leftMs !== rightMs) return leftMs < rightMs;
    return (this.#number[left] as number) < (this.#number[right] as number);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    this.#length--;
    const length = this.#length;
    if (length === 0) return;
    const last = heap[length] as number;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(heap[child + 1] as number, heap[child] as number)) child++;
      const below = heap[child] as number;
      if (!this.#isBefore(below, last)) break;
      heap[hole] = below;
      hole = child;
    }
    heap[hole] = last;
  }
}

function copy<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
