// Asks the DNS for the names of the addresses that mail leaves from.

import { confirmedNames } from '../../dns/confirmed-names.ts';
import type { Resolver } from '../../dns/types.ts';
import { type Check, hasDns, type Patient } from './check.ts';
import { type HeloAddresses, type NamesFacts, namesFindings } from './names.ts';
import { deliversToMx, sourceAddresses } from './sources.ts';

export const names: Check = {
  kind: 'names',
  subject: 'the names of the addresses that mail leaves from',
  look: async (patient) => namesFindings(await namesFacts(patient)),
};

/** A smarthost of one's own provider knows its customers by other means. */
async function namesFacts(patient: Patient): Promise<NamesFacts> {
  const { config, resolver } = patient;
  if (!deliversToMx(config) || !(await hasDns(patient))) return undefined;
  const sources = await sourceAddresses(config);
  return Promise.all(
    sources.map(async ({ address, heloName, isConfigured, isPrivate }) => ({
      address,
      isConfigured,
      isPrivate,
      heloName,
      helo: await heloAddresses(heloName, address, resolver),
      names: isPrivate ? undefined : await confirmedNames(address, resolver),
    })),
  );
}

async function heloAddresses(name: string, source: string, resolver: Resolver): Promise<HeloAddresses> {
  // RFC 5321 4.1.3: an address in brackets is a name, too.
  if (name.startsWith('[')) return { kind: 'found', addresses: [source] };
  const own = source.includes(':') ? 6 : 4;
  const [first, other] = await Promise.all([
    resolver.addresses(name, own),
    resolver.addresses(name, own === 4 ? 6 : 4),
  ]);
  if (first.kind === 'failed') return { kind: 'failed', reason: first.reason };
  if (first.kind === 'found') return { kind: 'found', addresses: first.records };
  return other.kind === 'found' ? { kind: 'found', addresses: [] } : { kind: 'missing' };
}
