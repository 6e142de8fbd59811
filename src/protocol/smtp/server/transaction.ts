// The state of a mail transaction (RFC 5321 3.3): what MAIL and RCPT have brought so far.

import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { MailParameters } from './server-types.ts';

/** A BDAT chunk as it was announced (RFC 3030 2). */
export interface Chunk {
  readonly octets: number;
  readonly isLast: boolean;
}

export class Transaction {
  /** MAIL was accepted. */
  open = false;
  /** SMTPUTF8 was given on MAIL. */
  smtpUtf8 = false;
  /** Accepted RCPTs. */
  recipients = 0;
  /** The message comes by BDAT, and its first chunk was accepted. */
  byChunks = false;
  /** The BDAT chunk that waits for the answer to `data`. */
  firstChunk: Chunk | undefined;
  /** Transactions of the session so far. */
  count = 0;

  begin(params: MailParameters): void {
    this.open = true;
    this.smtpUtf8 = params.smtpUtf8;
    this.count++;
  }

  end(): void {
    this.open = false;
    this.smtpUtf8 = false;
    this.recipients = 0;
    this.byChunks = false;
    this.firstChunk = undefined;
  }

  /** Why no content can be taken now (RFC 5321 4.1.1.4, RFC 2920 3.1, RFC 3030 2). */
  get contentRefusal(): FixedReply | undefined {
    if (!this.open) return Replies.mailFirst;
    return this.recipients === 0 ? Replies.noRecipients : undefined;
  }
}
