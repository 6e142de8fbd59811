// Asks the DNS for the MTA-STS record of a domain (RFC 8461 3.1).

import type { Resolver } from '../dns/types.ts';
import { readStsRecords } from './sts-record.ts';

export type FoundRecord =
  | { readonly kind: 'record'; readonly id: string; readonly ttlSeconds: number }
  /** There is no usable record. `reason`: there is one, and this is wrong with it. */
  | { readonly kind: 'none'; readonly ttlSeconds: number; readonly reason: string }
  /** Nobody knows. `isOutage`: because no name server answers at all. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isOutage: boolean };

/** @param domain - lower-case A-labels. An alias is followed, as for any record (RFC 8461 3.1). */
export async function lookUpRecord(resolver: Pick<Resolver, 'txt'>, domain: string): Promise<FoundRecord> {
  const name = `_mta-sts.${domain}`;
  const answer = await resolver.txt(name);
  switch (answer.kind) {
    case 'failed':
      return {
        kind: 'failed',
        reason: `the TXT records of ${name} could not be looked up: ${answer.reason}`,
        isOutage: answer.noServer === true,
      };
    case 'nodata':
    case 'nxdomain':
      return { kind: 'none', ttlSeconds: answer.ttlSeconds, reason: '' };
    case 'found': {
      const { ttlSeconds } = answer;
      const record = readStsRecords(answer.records);
      if (record.kind === 'record') return { ...record, ttlSeconds };
      return { kind: 'none', ttlSeconds, reason: record.kind === 'invalid' ? record.reason : '' };
    }
  }
}
