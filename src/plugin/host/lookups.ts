// Look-ups in the DNS for plugins, by the resolver of Sluice.

import type { Answer, Resolver } from '../../dns/types.ts';
import type { Called, DnsType } from '../wire.ts';

export type PluginLookups = Pick<Resolver, 'addresses' | 'txt' | 'mx' | 'ptr'>;

/** It never rejects. */
export async function lookUp(resolver: PluginLookups, type: DnsType, name: string): Promise<Called> {
  try {
    const answer = await asked(resolver, type, name);
    switch (answer.kind) {
      case 'found':
        return { value: answer.records };
      case 'failed':
        return { fault: `the DNS cannot tell now: ${answer.reason}` };
      default:
        return { value: [] };
    }
  } catch (error) {
    return { fault: `the DNS cannot tell now: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function asked(resolver: PluginLookups, type: DnsType, name: string): Promise<Answer<unknown>> {
  switch (type) {
    case 'a':
      return resolver.addresses(name, 4);
    case 'aaaa':
      return resolver.addresses(name, 6);
    case 'txt':
      return resolver.txt(name);
    case 'ptr':
      return resolver.ptr(name);
    case 'mx': {
      const answer = await resolver.mx(name);
      if (answer.kind !== 'found') return answer;
      return { ...answer, records: answer.records.toSorted((a, b) => a.preference - b.preference) };
    }
  }
}
