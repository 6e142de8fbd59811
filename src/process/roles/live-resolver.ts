// The resolver of a receiver. It is made when something is first looked up, so that a receiver that looks nothing up has none, and made
// anew after [dns] has changed. Look-ups of the one before end as failed.

import type { Config } from '../../config/config.ts';
import type { Answer, MxRecord, Resolver } from '../../dns/types.ts';
import { openResolver } from '../../manager/open-resolver.ts';

export class LiveResolver implements Pick<Resolver, 'txt' | 'addresses' | 'mx' | 'ptr'> {
  #config: Config;
  #resolver: Resolver | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  configure(config: Config): void {
    const isSame = JSON.stringify(config.dns) === JSON.stringify(this.#config.dns);
    this.#config = config;
    if (!isSame) this.close();
  }

  txt(domain: string): Promise<Answer<string>> {
    return this.#current.txt(domain);
  }

  addresses(host: string, family: 4 | 6): Promise<Answer<string>> {
    return this.#current.addresses(host, family);
  }

  mx(domain: string): Promise<Answer<MxRecord>> {
    return this.#current.mx(domain);
  }

  ptr(address: string): Promise<Answer<string>> {
    return this.#current.ptr(address);
  }

  close(): void {
    this.#resolver?.close();
    this.#resolver = undefined;
  }

  get #current(): Resolver {
    return (this.#resolver ??= openResolver(this.#config, () => performance.now()));
  }
}
