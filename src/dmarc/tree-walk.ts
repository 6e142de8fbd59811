// The DNS tree walk of DMARC (RFC 9989 4.10): which record says what about a domain, and which domain is the organization's. One
// object serves one message, so that a record that several of its domains need is looked up once.

import { isQueryable } from '../dns/domain-name.ts';
import type { Resolver } from '../dns/types.ts';
import { type DmarcRecord, isDmarcRecord, parseDmarcRecord } from './parse-record.ts';

/** What is published for DMARC at a name. */
export type Published =
  | { readonly kind: 'record'; readonly name: string; readonly record: DmarcRecord }
  | {
      readonly kind: 'unusable';
      readonly name: string;
      readonly psd: DmarcRecord['psd'];
      readonly reason: string;
    }
  /** `several`: none of several records counts (RFC 9989 4.10). */
  | { readonly kind: 'none' | 'several'; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string; readonly reason: string };

export type Organization =
  /** `suffix`: the record of the public suffix above it, where the walk has met one (`psd=y`). */
  | { readonly kind: 'found'; readonly domain: string; readonly suffix: Published | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** RFC 9989 4.10: a longer name is cut to this many labels after the first question: at most eight questions in all. */
const maxLabels = 7;

/** The names whose records a walk looks at, in order. */
export function walkedNames(domain: string): string[] {
  const labels = domain.split('.');
  const names = [domain];
  for (let count = Math.min(labels.length - 1, maxLabels); count > 0; count--) {
    names.push(labels.slice(-count).join('.'));
  }
  return names;
}

/** The part of `domain` that has one label more than `above`, which it ends with. */
function oneLabelBelow(above: string, domain: string): string {
  return domain.slice(domain.lastIndexOf('.', domain.length - above.length - 2) + 1);
}

export class TreeWalk {
  readonly #resolver: Pick<Resolver, 'txt'>;
  readonly #published = new Map<string, Promise<Published>>();
  readonly #organizations = new Map<string, Promise<Organization>>();

  constructor(resolver: Pick<Resolver, 'txt'>) {
    this.#resolver = resolver;
  }

  /** @param name - in lower-case A-labels, as for `organization` */
  published(name: string): Promise<Published> {
    const known = this.#published.get(name);
    if (known !== undefined) return known;
    const published = this.#lookUp(name);
    this.#published.set(name, published);
    return published;
  }

  /** The organizational domain of a domain (RFC 9989 4.10.2). */
  organization(domain: string): Promise<Organization> {
    const known = this.#organizations.get(domain);
    if (known !== undefined) return known;
    const organization = this.#walk(domain);
    this.#organizations.set(domain, organization);
    return organization;
  }

  async #walk(domain: string): Promise<Organization> {
    let highest = domain;
    for (const name of walkedNames(domain)) {
      const found = await this.published(name);
      if (found.kind === 'failed') return { kind: 'failed', reason: found.reason };
      if (found.kind === 'record' || found.kind === 'unusable') {
        const psd = found.kind === 'record' ? found.record.psd : found.psd;
        if (psd === 'n') return { kind: 'found', domain: name, suffix: undefined };
        // A public suffix that sends mail itself is its own organization.
        if (psd === 'y') {
          return name === domain
            ? { kind: 'found', domain, suffix: undefined }
            : { kind: 'found', domain: oneLabelBelow(name, domain), suffix: found };
        }
        highest = name;
      }
    }
    return { kind: 'found', domain: highest, suffix: undefined };
  }

  async #lookUp(name: string): Promise<Published> {
    const asked = `_dmarc.${name}`;
    // A name that the DNS cannot hold has no record.
    if (!isQueryable(asked)) return { kind: 'none', name };
    const answer = await this.#resolver.txt(asked);
    if (answer.kind === 'failed')
      return { kind: 'failed', name, reason: `TXT of ${asked}: ${answer.reason}` };
    if (answer.kind !== 'found') return { kind: 'none', name };
    const [text, second] = answer.records.filter(isDmarcRecord);
    if (text === undefined) return { kind: 'none', name };
    if (second !== undefined) return { kind: 'several', name };
    const parsed = parseDmarcRecord(text);
    return parsed.kind === 'record'
      ? { kind: 'record', name, record: parsed.record }
      : { kind: 'unusable', name, psd: parsed.psd, reason: parsed.reason };
  }
}
