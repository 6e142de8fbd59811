// What a message of the corpus is, and what two filters say about it in the same words.

import type { ZoneName } from '../../../sim/dns/zone.ts';

/** What a filter finds. */
export interface Verdict {
  /** Each result that a signature has, once. rspamd does not tell them apart where one domain has several. */
  readonly dkim: string;
  readonly spf: string;
  /** The result; after `fail`, what the policy asks for. */
  readonly dmarc: string;
  readonly arc: string;
}

export type Method = keyof Verdict;

export interface CorpusMessage {
  readonly name: string;
  /** Bytes as they are, one character each; its lines end with CRLF. */
  readonly content: string;
  /** An IP address. */
  readonly client: string;
  readonly helo: string;
  readonly from: string;
}

export interface Corpus {
  readonly messages: readonly CorpusMessage[];
  readonly zone: Readonly<Record<string, ZoneName>>;
}

/** A client, name and sender about whom nobody says anything. */
export const unknownClient = { client: '198.51.100.77', helo: 'client.quiet.test', from: 'joe@quiet.test' };

/** Results in words that do not depend on their order; `none` without any. */
export function together(results: readonly string[]): string {
  return results.length === 0 ? 'none' : [...new Set(results)].toSorted().join(' and ');
}
