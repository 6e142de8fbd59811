// The resolver of one check: its look-ups end together when their time is over. From then on each of them is a failed one, which
// the methods take for a temporary error. RFC 7208 4.6.4 asks for such a limit over a whole check.

import type { Answer, FailedAnswer, MxRecord, Resolver } from '../dns/types.ts';

/** What verification asks of a resolver. */
export type Lookups = Pick<Resolver, 'txt' | 'addresses' | 'mx' | 'ptr'>;

export class LimitedLookups implements Lookups {
  readonly #resolver: Lookups;
  readonly #waiting = new Set<(answer: FailedAnswer) => void>();
  #over: FailedAnswer | undefined;

  constructor(resolver: Lookups) {
    this.#resolver = resolver;
  }

  /** Ends all look-ups that are under way, and those to come. @param reason - for people */
  stop(reason: string): void {
    this.#over ??= { kind: 'failed', reason };
    for (const end of this.#waiting) end(this.#over);
    this.#waiting.clear();
  }

  /** A new check begins: it may look names up, although the time of the one before was over. */
  resume(): void {
    this.#over = undefined;
  }

  txt(domain: string): Promise<Answer<string>> {
    return this.#limited(() => this.#resolver.txt(domain));
  }

  addresses(host: string, family: 4 | 6): Promise<Answer<string>> {
    return this.#limited(() => this.#resolver.addresses(host, family));
  }

  mx(domain: string): Promise<Answer<MxRecord>> {
    return this.#limited(() => this.#resolver.mx(domain));
  }

  ptr(address: string): Promise<Answer<string>> {
    return this.#limited(() => this.#resolver.ptr(address));
  }

  #limited<T>(ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
    if (this.#over !== undefined) return Promise.resolve(this.#over);
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      const end = (answer: Answer<T>): void => {
        this.#waiting.delete(resolve);
        resolve(answer);
      };
      // A resolver never rejects. Should it do so, nobody may be left waiting.
      ask().then(end, (error: unknown) => end({ kind: 'failed', reason: String(error) }));
    });
  }
}
