// Looks keys up in the DNS (RFC 6376 3.6.2): a resolver's answer, in this room's words.

import { isQueryable } from '../dns/domain-name.ts';
import type { Resolver } from '../dns/types.ts';
import { keyNameOf, type LookUpKey } from './types.ts';

/** @param resolver - answers, and never rejects */
export function keysFromDns(resolver: Pick<Resolver, 'txt'>): LookUpKey {
  return async (question) => {
    const name = keyNameOf(question);
    // A name that is too long for the DNS has no key, and never will (RFC 6376 6.1.2). To be told "not now" would be the way for a junk
    // signature around a DMARC policy: the result of its domain would seem to be open.
    if (!isQueryable(name)) return { kind: 'none' };
    const answer = await resolver.txt(name);
    switch (answer.kind) {
      case 'found':
        return { kind: 'records', records: answer.records };
      case 'failed':
        return { kind: 'temperror', reason: `the key cannot be looked up now: ${answer.reason}` };
      default:
        return { kind: 'none' };
    }
  };
}
