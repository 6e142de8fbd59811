// The recipient of the RCPT command that is being decided about: a fact for stages, and what their verdicts change.

import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { RecipientFacts } from '../policy/stage.ts';
import type { RcptParameters } from '../protocol/smtp/server/server-types.ts';
import { withOriginal } from './original-recipient.ts';

/** The recipient of the RCPT command that is being decided about. */
export class CurrentRecipient implements RecipientFacts {
  address = '';
  params: RcptParameters = {};
  /** The address that the client gave, if a stage has replaced it and wants that to be known; empty otherwise. */
  given = '';
  /** The name of the route that a stage chose. */
  route: string | undefined;

  begin(address: string, params: RcptParameters): void {
    this.address = address;
    this.params = params;
    this.given = '';
    this.route = undefined;
  }

  /** @param keepsOriginal - the address before becomes the ORCPT (RFC 3461 5.2.1), and is in the log */
  change(address: string, keepsOriginal: boolean): void {
    if (keepsOriginal) {
      this.given ||= this.address;
      this.params = withOriginal(this.params, this.address);
    }
    this.address = address;
  }

  /** As it stands in the envelope, when it is accepted. */
  accepted(): EnvelopeRecipient {
    const { address, params, route } = this;
    return route === undefined ? { address, ...params } : { address, ...params, route };
  }
}
