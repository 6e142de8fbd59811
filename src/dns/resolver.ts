// The stub resolver: asks recursive name servers over UDP and TCP, and caches their answers (RFC 1034 5.3.1).
// Its promises never reject: a failure is an answer, too.

import type { TlsaRecord } from '../values/tls-policy.ts';
import { AnswerCache } from './answer-cache.ts';
import { Dispatcher } from './dispatcher.ts';
import { ResolverOptionsError } from './dns-error.ts';
import { readA, readAaaa, readCname, readMx, readPtr, readTlsa, readTxt } from './interpretation.ts';
import { Lookup } from './lookup.ts';
import { reverseName } from './reverse-name.ts';
import type { Answer, MxRecord, Outage, Resolver, ResolverOptions, ResolverStats } from './types.ts';
import { isIP } from '../values/ip-version.ts';

export { readResolvConf } from './resolv-conf.ts';
export type * from './types.ts';

class StubResolver implements Resolver {
  readonly #dispatcher: Dispatcher;
  readonly #cache: AnswerCache;
  readonly #mx: Lookup<MxRecord>;
  readonly #a: Lookup<string>;
  readonly #aaaa: Lookup<string>;
  readonly #txt: Lookup<string>;
  readonly #tlsa: Lookup<TlsaRecord>;
  readonly #cname: Lookup<string>;
  readonly #ptr: Lookup<string>;

  constructor(options: ResolverOptions) {
    const now = options.now ?? (() => performance.now());
    this.#dispatcher = new Dispatcher(options, now);
    this.#cache = new AnswerCache(options.maxEntries);
    this.#mx = new Lookup('MX', readMx, this.#dispatcher, this.#cache, options, now);
    this.#a = new Lookup('A', readA, this.#dispatcher, this.#cache, options, now);
    this.#aaaa = new Lookup('AAAA', readAaaa, this.#dispatcher, this.#cache, options, now);
    this.#txt = new Lookup('TXT', readTxt, this.#dispatcher, this.#cache, options, now);
    this.#tlsa = new Lookup('TLSA', readTlsa, this.#dispatcher, this.#cache, options, now);
    this.#cname = new Lookup('CNAME', readCname, this.#dispatcher, this.#cache, options, now);
    this.#ptr = new Lookup('PTR', readPtr, this.#dispatcher, this.#cache, options, now);
  }

  mx(domain: string): Promise<Answer<MxRecord>> {
    return this.#mx.ask(domain);
  }

  addresses(host: string, family: 4 | 6): Promise<Answer<string>> {
    return (family === 4 ? this.#a : this.#aaaa).ask(host);
  }

  txt(domain: string): Promise<Answer<string>> {
    return this.#txt.ask(domain);
  }

  tlsa(name: string): Promise<Answer<TlsaRecord>> {
    return this.#tlsa.ask(name);
  }

  cname(name: string): Promise<Answer<string>> {
    return this.#cname.ask(name);
  }

  ptr(address: string): Promise<Answer<string>> {
    const name = reverseName(address);
    if (name !== undefined) return this.#ptr.ask(name);
    return Promise.resolve({ kind: 'failed', reason: `"${address}" is not an IP address` });
  }

  flush(): void {
    this.#cache.clear();
  }

  stats(): ResolverStats {
    const sum = { questions: 0, cacheHits: 0, coalesced: 0, failures: 0, entries: this.#cache.size };
    for (const lookup of [this.#mx, this.#a, this.#aaaa, this.#txt, this.#tlsa, this.#cname, this.#ptr]) {
      sum.questions += lookup.questions;
      sum.cacheHits += lookup.cacheHits;
      sum.coalesced += lookup.coalesced;
      sum.failures += lookup.failures;
    }
    const { counts, inFlight, hanging, waiting } = this.#dispatcher;
    return { ...sum, ...counts, inFlight, hanging, waiting };
  }

  get outage(): Outage | undefined {
    return this.#dispatcher.outage;
  }

  onOutage(changed: (outage: Outage | undefined) => void): void {
    this.#dispatcher.onOutage = changed;
  }

  close(): void {
    this.#dispatcher.close();
  }
}

/**
 * Makes a resolver. It holds no socket while it has no question to ask.
 *
 * @throws ResolverOptionsError when a server is no IP literal with a port, or a number is below 1 that must not be
 */
export function createResolver(options: ResolverOptions): Resolver {
  if (options.servers.length === 0) {
    throw new ResolverOptionsError(
      'Making the DNS resolver: no name server is given',
      'name at least one, or take those of resolv.conf',
    );
  }
  for (const { address, port } of options.servers) {
    if (isIP(address) === 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new ResolverOptionsError(
        `Making the DNS resolver: the name server "${address}" port ${port} is not an IP address with a port`,
        'write it as an address, e.g. 192.0.2.53 or 2001:db8::53, and a port from 1 to 65535',
      );
    }
  }
  for (const name of ['timeoutMs', 'attempts', 'maxInFlight', 'hangingMs', 'maxHanging'] as const) {
    if (options[name] >= 1) continue;
    throw new ResolverOptionsError(
      `Making the DNS resolver: ${name} is ${options[name]}`,
      'make it 1 or more',
    );
  }
  return new StubResolver(options);
}
