// Where the keeper gets policies from, for one configuration: its resolver, its authorities, its IP versions.

import { createSecureContext, type SecureContext } from 'node:tls';
import type { LookupAddress } from 'node:dns';
import type { Resolver } from '../dns/types.ts';
import type { Timers } from '../io/timers.ts';
import { type FetchedPolicy, fetchPolicy, policyHost } from './fetch-policy.ts';
import type { StsSource } from './keeper-types.ts';
import { systemContext } from './system-context.ts';

export interface SourceOptions {
  readonly resolver: Pick<Resolver, 'addresses' | 'mx' | 'txt'>;
  /** Certificates of the trusted authorities in PEM; empty: those of the system. */
  readonly authorities: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly timers: Timers;
  /** Of policy hosts: 443, but for tests. */
  readonly port: number;
}

export interface OpenSource extends StsSource {
  /** Ends what is under way as failed. */
  close(): void;
}

/** RFC 8461 3.3: a timeout of one minute is suggested for the fetch. */
const deadlineMs = 60_000;

export function openSource(options: SourceOptions): OpenSource {
  const { resolver, authorities, timers, port } = options;
  const closing = new AbortController();
  let ownContext: SecureContext | undefined;
  return {
    resolver,
    hostsOf: (domain) => hostsOf(resolver, domain),
    fetch: async (domain) => {
      const begunMs = timers.nowMs();
      const found = await addressesOf(policyHost(domain), options);
      if (found.kind === 'failed') return found;
      if (authorities !== '') ownContext ??= createSecureContext({ ca: authorities });
      const secureContext = ownContext ?? (await systemContext());
      const restMs = Math.max(1, deadlineMs - (timers.nowMs() - begunMs));
      const { signal } = closing;
      if (signal.aborted) {
        return { kind: 'failed', result: 'sts-policy-fetch-error', reason: 'Sluice stops' };
      }
      return fetchPolicy(domain, found.addresses, {
        timers,
        secureContext,
        port,
        deadlineMs: restMs,
        signal,
      });
    },
    close: () => closing.abort(),
  };
}

async function hostsOf(resolver: Pick<Resolver, 'mx'>, domain: string): Promise<string[]> {
  const answer = await resolver.mx(domain);
  if (answer.kind === 'failed') return [];
  // RFC 5321 5.1: without MX records, the domain itself is the only host.
  if (answer.kind !== 'found') return [domain];
  return answer.records.toSorted((a, b) => a.preference - b.preference).map(({ exchange }) => exchange);
}

type Addresses =
  | { readonly kind: 'found'; readonly addresses: readonly LookupAddress[] }
  | (FetchedPolicy & { readonly kind: 'failed' });

async function addressesOf(host: string, { resolver, ipv4, ipv6 }: SourceOptions): Promise<Addresses> {
  const families = [...(ipv6 ? ([6] as const) : []), ...(ipv4 ? ([4] as const) : [])];
  const answers = await Promise.all(
    families.map(async (family) => ({ family, answer: await resolver.addresses(host, family) })),
  );
  const addresses = answers.flatMap(({ family, answer }) =>
    answer.kind === 'found' ? answer.records.map((address) => ({ address, family })) : [],
  );
  if (addresses.length > 0) return { kind: 'found', addresses };
  const failed = answers.map(({ answer }) => answer).find(({ kind }) => kind === 'failed');
  const why = failed?.kind === 'failed' ? failed.reason : 'it has none';
  return {
    kind: 'failed',
    result: 'sts-policy-fetch-error',
    reason: `the address of ${host} could not be looked up: ${why}`,
  };
}
