// Domains of which every recipient is taken, and nobody is asked: all of them exist, unless mail to the domain would be returned at once, as where it
// takes none (null MX, RFC 7505).

import {
  type AskedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
} from '../../policy/recipients/recipient-source.ts';
import type { FoundServers } from './call-ahead-types.ts';

export class AnyRecipient implements RecipientSource {
  readonly #serversOf: (address: string) => Promise<FoundServers>;

  /** @param serversOf - never rejects; it keeps what it has found */
  constructor(serversOf: (address: string) => Promise<FoundServers>) {
    this.#serversOf = serversOf;
  }

  async find({ address }: AskedRecipient): Promise<RecipientAnswer> {
    const found = await this.#serversOf(address);
    return found.kind === 'nobody' ? { kind: 'refused', reply: found.reply } : exists;
  }

  close(): void {
    // It holds nothing open.
  }
}
