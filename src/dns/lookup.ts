// Look-ups of one record type: the cache is asked first, equal questions at one time are asked once, CNAME chains are followed
// over several questions, and TTLs are brought within their bounds (RFC 1034 5.3.3, RFC 2308 5).

import type { AnswerCache, AnswerCachePart } from './answer-cache.ts';
import type { Dispatcher } from './dispatcher.ts';
import { canonicalDomain, isQueryable } from './domain-name.ts';
import { interpret, type ReadRecord } from './interpretation.ts';
import type { QueryType } from './message.ts';
import type { Answer, ResolverOptions } from './types.ts';

/** Seconds a failure is cached, so that a name that fails is not asked for again and again (RFC 9520 3.2). */
const failureTtlSeconds = 5;

/** An answer from the name servers, how long to cache it, and its size. Its `ttlSeconds` counts from its arrival. */
interface Fresh<T> {
  readonly answer: Answer<T>;
  readonly keepSeconds: number;
  readonly sizeBytes: number;
}

export class Lookup<T> {
  readonly #type: QueryType;
  readonly #read: ReadRecord<T>;
  readonly #dispatcher: Dispatcher;
  readonly #options: ResolverOptions;
  readonly #now: () => number;
  readonly #cache: AnswerCachePart<Answer<T>>;
  readonly #underWay = new Map<string, Promise<Answer<T>>>();
  questions = 0;
  cacheHits = 0;
  coalesced = 0;
  failures = 0;

  constructor(
    type: QueryType,
    read: ReadRecord<T>,
    dispatcher: Dispatcher,
    cache: AnswerCache,
    options: ResolverOptions,
    now: () => number,
  ) {
    this.#type = type;
    this.#read = read;
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#now = now;
    this.#cache = cache.part(type);
  }

  ask(given: string): Promise<Answer<T>> {
    this.questions++;
    const name = canonicalDomain(given);
    if (!isQueryable(name)) {
      return Promise.resolve({ kind: 'failed', reason: `"${given}" is not a domain name that DNS can hold` });
    }
    const cached = this.#cache.get(name, this.#now());
    if (cached !== undefined) {
      this.cacheHits++;
      return Promise.resolve(aged(cached.value, cached.leftMs));
    }
    const underWay = this.#underWay.get(name);
    if (underWay !== undefined) {
      this.coalesced++;
      return underWay;
    }
    const lookup = this.#lookUp(name);
    this.#underWay.set(name, lookup);
    return lookup;
  }

  async #lookUp(name: string): Promise<Answer<T>> {
    const { answer, keepSeconds, sizeBytes } = await this.#follow(name);
    this.#underWay.delete(name);
    if (answer.kind === 'failed') this.failures++;
    if (keepSeconds > 0) {
      this.#cache.set(name, answer, this.#now() + keepSeconds * 1000, Math.ceil(sizeBytes / 512));
    }
    return answer;
  }

  async #follow(name: string): Promise<Fresh<T>> {
    let owner = name;
    let hops = 0;
    let ttl = Infinity;
    // The AD bit of a server that is not declared validating, or of a path that is not trusted, says nothing (RFC 4035 4.9.3).
    let authenticated = this.#options.validating === true;
    let sizeBytes = 0;
    for (;;) {
      const asked = await this.#dispatcher.ask(owner, this.#type, (response) =>
        interpret(response, owner, this.#type, this.#read, hops),
      );
      if (asked.kind === 'failed')
        return asked.noServer === true ? unknown(asked.reason) : failed(asked.reason);
      const { meaning, response } = asked;
      sizeBytes += response.sizeBytes;
      authenticated &&= response.authenticated;
      switch (meaning.kind) {
        case 'found': {
          const ttlSeconds = this.#bounded(Math.min(ttl, meaning.ttl));
          const { records, name: canonicalName } = meaning;
          const answer = { kind: 'found', records, ttlSeconds, authenticated, canonicalName } as const;
          return { answer, keepSeconds: ttlSeconds, sizeBytes };
        }
        case 'alias':
          if (!isQueryable(meaning.name)) return failed(`${owner} is an alias of an unusable name`);
          owner = meaning.name;
          hops = meaning.hops;
          ttl = Math.min(ttl, meaning.ttl);
          break;
        case 'nodata':
        case 'nxdomain': {
          // RFC 2308 5: a negative answer without an SOA is not cached.
          const ttlSeconds =
            meaning.ttl === undefined
              ? 0
              : Math.min(this.#bounded(Math.min(ttl, meaning.ttl)), this.#options.negativeTtlSeconds);
          return {
            answer: { kind: meaning.kind, ttlSeconds, authenticated },
            keepSeconds: ttlSeconds,
            sizeBytes,
          };
        }
      }
    }
  }

  #bounded(ttlSeconds: number): number {
    return Math.min(this.#options.maxTtlSeconds, Math.max(this.#options.minTtlSeconds, ttlSeconds));
  }
}

function failed(reason: string): Fresh<never> {
  return { answer: { kind: 'failed', reason }, keepSeconds: failureTtlSeconds, sizeBytes: 1 };
}

/** The answer when no name server answers: it says nothing about the name, and is not cached. */
function unknown(reason: string): Fresh<never> {
  return { answer: { kind: 'failed', reason, noServer: true }, keepSeconds: 0, sizeBytes: 0 };
}

/** A cached answer with the time that is left of it. */
function aged<T>(answer: Answer<T>, leftMs: number): Answer<T> {
  return answer.kind === 'failed' ? answer : { ...answer, ttlSeconds: Math.ceil(leftMs / 1000) };
}
