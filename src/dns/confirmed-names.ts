// The names of a client that lead back to its address: what SPF's `ptr` (RFC 7208 5.5) and the iprev method (RFC 8601 3) go by.
// Anybody can have PTR records with any names, so that a name counts only when its own address records confirm it.

import { readAddress } from '../values/address-bits.ts';
import { plainIp } from '../values/ip-address.ts';
import { isQueryable } from './domain-name.ts';
import type { Resolver } from './types.ts';

/** RFC 7208 4.6.4: of more PTR records, the rest is ignored. */
const maxNames = 10;

export type ConfirmedNames =
  /** In the order of the answer; at least one. */
  | { readonly kind: 'names'; readonly names: readonly [string, ...string[]] }
  /** There are PTR records, and none of their names leads back to the address. `claimed`: the first of these names, perhaps forged. */
  | { readonly kind: 'unconfirmed'; readonly claimed?: string | undefined }
  /** There is no PTR record. */
  | { readonly kind: 'none' }
  /** Not known now. A name that leads back counts, even if another one could not be looked up. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Looks up the names of an address, and the addresses of each.
 * @param address - without a zone; an IPv4-mapped one counts as IPv4
 */
export async function confirmedNames(
  address: string,
  resolver: Pick<Resolver, 'ptr' | 'addresses'>,
): Promise<ConfirmedNames> {
  const words = new Uint32Array(4);
  const bits = readAddress(address, words);
  if (bits === 0) return { kind: 'none' };
  const answer = await resolver.ptr(address);
  if (answer.kind === 'failed') return { kind: 'failed', reason: answer.reason };
  if (answer.kind !== 'found') return { kind: 'none' };
  const wanted = plainIp(address);
  const asked = answer.records.slice(0, maxNames).filter(isQueryable);
  const forward = await Promise.all(asked.map((name) => resolver.addresses(name, bits === 32 ? 4 : 6)));
  const [first, ...others] = asked.filter((_, at) => {
    const found = forward[at];
    return found?.kind === 'found' && found.records.includes(wanted);
  });
  if (first !== undefined) return { kind: 'names', names: [first, ...others] };
  for (const found of forward) if (found.kind === 'failed') return { kind: 'failed', reason: found.reason };
  return { kind: 'unconfirmed', claimed: asked[0] };
}
