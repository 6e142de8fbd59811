// When domains were dormant, so that the lifetime of their mail leaves that time out. Promises: what is asleep does not expire; the time before a stop is
// remembered; the memory is bounded.

/** A time in which a domain was dormant, in the scheduler's time. Without an end, it is. */
export type Sleep = readonly [fromMs: number, toMs?: number];

/** Beyond so many, two times that follow each other become one: mail that came in between lives a little longer. */
const mostSleeps = 50;
const mostDomains = 100_000;
/** What is over for so long is of no mail that waits. */
const forgottenMs = 400 * 86_400_000;
/** Added for mail that is asleep: more than any lifetime, and still a date. */
export const foreverMs = 1_000 * 365 * 86_400_000;

export class Sleeps {
  readonly #byDomain = new Map<string, Sleep[]>();
  readonly #nowMs: () => number;
  readonly #changed: () => void;

  /** @param changed - is called after each change */
  constructor(nowMs: () => number, changed: () => void) {
    this.#nowMs = nowMs;
    this.#changed = changed;
  }

  /** The domain was looked up. */
  saw(domain: string, isDormant: boolean): void {
    const sleeps = this.#byDomain.get(domain);
    const last = sleeps?.at(-1);
    const isAsleep = last !== undefined && last[1] === undefined;
    if (isAsleep === isDormant) return;
    if (!isDormant && sleeps !== undefined && last !== undefined)
      sleeps[sleeps.length - 1] = [last[0], this.#nowMs()];
    else if (sleeps !== undefined) sleeps.push([this.#nowMs()]);
    else this.#add(domain);
    if (sleeps !== undefined) shorten(sleeps);
    this.#changed();
  }

  /** For how long a domain was dormant since then: what its mail that came at that time lives longer. */
  since(domain: string, sinceMs: number): number {
    const sleeps = this.#byDomain.get(domain);
    if (sleeps === undefined) return 0;
    let sumMs = 0;
    for (const [fromMs, toMs] of sleeps) {
      if (toMs === undefined) return foreverMs;
      sumMs += Math.max(0, toMs - Math.max(fromMs, sinceMs));
    }
    return sumMs;
  }

  /** All of them, without those that are forgotten. */
  get all(): readonly { readonly domain: string; readonly sleeps: readonly Sleep[] }[] {
    const oldestMs = this.#nowMs() - forgottenMs;
    return [...this.#byDomain].flatMap(([domain, sleeps]) => {
      const left = sleeps.filter(([, toMs]) => toMs === undefined || toMs > oldestMs);
      return left.length === 0 ? [] : [{ domain, sleeps: left }];
    });
  }

  /** Before anything is looked up. */
  restore(all: readonly { readonly domain: string; readonly sleeps: readonly Sleep[] }[]): void {
    for (const { domain, sleeps } of all) if (sleeps.length > 0) this.#byDomain.set(domain, [...sleeps]);
  }

  #add(domain: string): void {
    if (this.#byDomain.size >= mostDomains) {
      const over = [...this.#byDomain].find(([, sleeps]) => sleeps.at(-1)?.[1] !== undefined);
      if (over === undefined) return;
      this.#byDomain.delete(over[0]);
    }
    this.#byDomain.set(domain, [[this.#nowMs()]]);
  }
}

function shorten(sleeps: Sleep[]): void {
  const [first, second] = sleeps;
  if (sleeps.length <= mostSleeps || first === undefined || second === undefined) return;
  sleeps.splice(0, 2, second[1] === undefined ? [first[0]] : [first[0], second[1]]);
}
