// Looks keys up in the DNS (RFC 6376 3.6.2): a resolver's answer, in this room's words.

import type { Resolver } from '../dns/types.ts';
import { keyNameOf, type LookUpKey } from './types.ts';

/** @param resolver - answers, and never rejects */
export function keysFromDns(resolver: Pick<Resolver, 'txt'>): LookUpKey {
  return async (question) => {
    const answer = await resolver.txt(keyNameOf(question));
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
