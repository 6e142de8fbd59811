// The primary servers of several domains, each asked about its own: connections are opened for a domain when it is first asked for. Promise: the
// number of domains that have any is bounded; the one that was not asked for the longest makes room.

import type {
  AskedRecipient,
  RecipientAnswer,
  RecipientSource,
} from '../../policy/recipients/recipient-source.ts';

const mostDomains = 500;

interface ClosableSource extends RecipientSource {
  close(): void;
}

export class PrimarySources implements RecipientSource {
  readonly #open: (domain: string) => ClosableSource;
  /** Those that were asked lately come last. */
  readonly #sources = new Map<string, ClosableSource>();

  constructor(open: (domain: string) => ClosableSource) {
    this.#open = open;
  }

  find(recipient: AskedRecipient): RecipientAnswer | Promise<RecipientAnswer> {
    const { domain } = recipient;
    const source = this.#sources.get(domain) ?? this.#open(domain);
    this.#sources.delete(domain);
    this.#sources.set(domain, source);
    for (const [eldest, old] of this.#sources) {
      if (this.#sources.size <= mostDomains) break;
      this.#sources.delete(eldest);
      old.close();
    }
    return source.find(recipient);
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
    this.#sources.clear();
  }
}
