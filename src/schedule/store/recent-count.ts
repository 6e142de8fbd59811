// How often something happened lately: in the second that runs and the one before it.

const spanMs = 1_000;

export class RecentCount {
  #span = 0;
  #now = 0;
  #before = 0;

  note(nowMs: number): void {
    this.#turn(nowMs);
    this.#now++;
  }

  at(nowMs: number): number {
    this.#turn(nowMs);
    return this.#now + this.#before;
  }

  #turn(nowMs: number): void {
    const span = Math.floor(nowMs / spanMs);
    if (span === this.#span) return;
    this.#before = span === this.#span + 1 ? this.#now : 0;
    this.#now = 0;
    this.#span = span;
  }
}
