// A message as clients offer it, by the stores that its recipients are for: the books have each part as an offer of its own.

import type { Books, NewOffer, Offer } from './books.ts';
import type { OtherStores } from './other-stores.ts';

/** `store` undefined: it stays whole, in whichever store the receiver chooses. */
export interface OfferedPart {
  readonly offer: Offer;
  readonly store: number | undefined;
}

export function offerParts(
  books: Books,
  others: OtherStores | undefined,
  { addresses, ...mail }: Omit<NewOffer, 'id'>,
): OfferedPart[] {
  const id = `m${books.offers.size}`;
  const byStore = Map.groupBy(addresses, (address) => others?.storeFor(address));
  return Array.from(byStore, ([store, own], at) => {
    const ownId = byStore.size === 1 ? id : `${id}.${at}`;
    return { offer: books.offered({ id: ownId, ...mail, addresses: own }), store };
  });
}
