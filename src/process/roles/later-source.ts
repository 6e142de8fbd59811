// A source of recipients whose code is loaded when it is first asked, so that those who do not use it do without.

import type { KeptSource } from '../../policy/recipients/kept-sources.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { AskedRecipient, RecipientAnswer } from '../../policy/recipients/recipient-source.ts';

export class LaterSource implements KeptSource {
  readonly isCostly = true;
  readonly #load: () => Promise<KeptSource>;
  #loading: Promise<KeptSource> | undefined;
  #source: KeptSource | undefined;
  #isClosed = false;

  constructor(load: () => Promise<KeptSource>) {
    this.#load = load;
  }

  find(recipient: AskedRecipient): RecipientAnswer | Promise<RecipientAnswer> {
    return this.#source?.find(recipient) ?? this.#findLater(recipient);
  }

  async domainRefusal(recipient: AskedRecipient): Promise<Reply | undefined> {
    try {
      return this.#isClosed ? undefined : await (await this.#loaded()).domainRefusal?.(recipient);
    } catch {
      // Whoever asks for any other recipient is told.
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#source?.close();
  }

  async #findLater(recipient: AskedRecipient): Promise<RecipientAnswer> {
    if (this.#isClosed) return { kind: 'failing', reason: 'it is closed' };
    try {
      return await (await this.#loaded()).find(recipient);
    } catch (error) {
      return { kind: 'failing', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #loaded(): Promise<KeptSource> {
    try {
      const source = await (this.#loading ??= this.#load());
      this.#source = source;
      // It was closed while it was being loaded.
      if (this.#isClosed) await source.close();
      return source;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }
}
