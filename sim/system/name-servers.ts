// The name servers of a simulated world, and resolvers that ask them. Single questions can fail, and for a time none of the
// servers may answer anything. Then a resolver finds that out as `outage-watch.ts` does, and asks again until one answers.

import type { Answer, MxRecord, Outage, Resolver } from '../../src/dns/types.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import type { Internet } from './internet.ts';
import type { Asker, OutageBooks } from './outage-books.ts';

export interface NameServers {
  readonly answerMs: () => number;
  /** Probability that a question fails. */
  fails: number;
  /** None answers anything. */
  areSilent: boolean;
  readonly books: OutageBooks;
}

export interface ResolverOptions {
  readonly internet: Internet;
  readonly nameServers: NameServers;
  readonly random: Random;
  readonly nowMs: () => number;
  /** Something happens to the process of the resolver so many ms later. */
  readonly later: (ms: number, act: () => void) => void;
  /** Does the process of the resolver live? */
  readonly isAlive: () => boolean;
}

/** Of what is found, in seconds. */
const ttlSeconds = 60;
/** Until a resolver is sure that no server answers. */
const decidesMs = 1_300;
/** Between two questions about the root. */
const probesMs = 500;
const noServer = { kind: 'failed', reason: 'no name server answers', noServer: true } as const;

export function simulatedResolver(options: ResolverOptions): Resolver {
  const { internet } = options;
  const questions = new Questions(options);
  const found = <T>(records: readonly T[], canonicalName: string): Answer<T> =>
    records.length === 0
      ? { kind: 'nodata', ttlSeconds, authenticated: false }
      : { kind: 'found', records, ttlSeconds, authenticated: false, canonicalName };
  const nothing = { questions: 0, cacheHits: 0, coalesced: 0, sent: 0, tcp: 0, timeouts: 0, failures: 0 };
  return {
    mx: (domain) =>
      questions.ask(domain, () =>
        found<MxRecord>(
          (internet.domains.get(domain)?.hosts ?? []).map(({ name }, at) => ({
            preference: 10 * Math.min(at, 1),
            exchange: name,
          })),
          domain,
        ),
      ),
    addresses: (host, family) =>
      questions.ask(host, () => {
        const ip = internet.named(host)?.ip;
        return found(ip === undefined || family === 6 ? [] : [ip], host);
      }),
    txt: (domain) => questions.ask(domain, () => found<string>([], domain)),
    tlsa: (name) => questions.ask(name, () => found<never>([], name)),
    cname: (name) => questions.ask(name, () => found<never>([], name)),
    ptr: (address) => questions.ask(address, () => found<never>([], address)),
    flush: () => undefined,
    stats: () => ({ ...nothing, inFlight: 0, hanging: 0, waiting: 0, entries: 0 }),
    get outage() {
      return questions.outage;
    },
    onOutage: (changed) => questions.onOutage(changed),
    close: () => questions.close(),
  };
}

class Questions implements Asker {
  readonly #options: ResolverOptions;
  readonly #hanging: (() => void)[] = [];
  #changed: (outage: Outage | undefined) => void = () => undefined;
  #outage: Outage | undefined;
  #isInDoubt = false;
  #isClosed = false;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  get isAsking(): boolean {
    return !this.#isClosed && this.#options.isAlive();
  }

  get outage(): Outage | undefined {
    return this.#outage;
  }

  onOutage(changed: (outage: Outage | undefined) => void): void {
    this.#changed = changed;
  }

  ask<T>(name: string, answer: () => Answer<T>): Promise<Answer<T>> {
    const { nameServers, later, random } = this.#options;
    nameServers.books.asked(this, name);
    return new Promise((resolve) => {
      const reply = (): void => {
        if (this.#isClosed) resolve({ kind: 'failed', reason: 'the resolver is closed' });
        else if (this.#outage !== undefined) {
          nameServers.books.unanswered(this, name);
          resolve(noServer);
        } else if (nameServers.areSilent) {
          this.#hanging.push(reply);
          this.#doubt();
        } else if (random.next() < nameServers.fails) {
          nameServers.books.answered(name, true);
          resolve({ kind: 'failed', reason: 'SERVFAIL from 192.0.2.53' });
        } else {
          nameServers.books.answered(name, false);
          resolve(answer());
        }
      };
      later(this.#outage === undefined ? nameServers.answerMs() : 0, reply);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#releaseHanging();
  }

  #doubt(): void {
    if (this.#isInDoubt) return;
    this.#isInDoubt = true;
    this.#options.later(decidesMs, () => {
      this.#isInDoubt = false;
      const { nameServers, nowMs } = this.#options;
      if (this.#isClosed) return;
      if (nameServers.areSilent) {
        this.#outage = { sinceMs: nowMs(), reason: '192.0.2.53: no answer' };
        nameServers.books.noticed();
        this.#changed(this.#outage);
        this.#probe();
      }
      this.#releaseHanging();
    });
  }

  #probe(): void {
    this.#options.later(probesMs, () => {
      if (this.#isClosed) return;
      if (this.#options.nameServers.areSilent) {
        this.#probe();
        return;
      }
      this.#outage = undefined;
      this.#changed(undefined);
    });
  }

  #releaseHanging(): void {
    for (const reply of this.#hanging.splice(0)) reply();
  }
}
