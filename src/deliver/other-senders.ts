// The sender in MAIL where it is not that of the envelope: one for each recipient (VERP), and then an address of this server in place of
// a foreign one (SRS).

import { verpAddress } from '../address/verp-address.ts';
import type { Envelope } from '../message/envelope.ts';
import type { LiveSrs } from '../srs/live-srs.ts';

export class OtherSenders {
  readonly #srs: Pick<LiveSrs, 'forward'>;
  readonly #rewritesSenders: boolean;
  readonly #verp: string | undefined;

  /** @param verp - its delimiters; undefined: recipients have no senders of their own */
  constructor(srs: Pick<LiveSrs, 'forward'>, rewritesSenders: boolean, verp: string | undefined) {
    this.#srs = srs;
    this.#rewritesSenders = rewritesSenders;
    this.#verp = verp;
  }

  /**
   * Undefined: the sender of the envelope stays.
   * @param recipients - those of the transaction: one alone where each has a sender of its own
   */
  senderOf(
    { reversePath, receivedAtMs, recipients: all }: Envelope,
    recipients: readonly number[],
  ): string | undefined {
    const address = all[recipients[0] ?? 0]?.address ?? '';
    const own = this.#verp === undefined ? reversePath : verpAddress(reversePath, address, this.#verp);
    const sender = this.#rewritesSenders ? this.#srs.forward(own, receivedAtMs, Date.now()) : undefined;
    const sentAs = sender === undefined || sender.kind === 'kept' ? own : sender.address;
    return sentAs === reversePath ? undefined : sentAs;
  }
}
