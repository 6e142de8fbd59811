// The state of a mail transaction (RFC 5321 3.3).

import type { Dialect } from './dialect.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { MailParameters } from './server-types.ts';

/** A BDAT chunk as it was announced (RFC 3030 2). */
export interface Chunk {
  readonly octets: number;
  readonly isLast: boolean;
}

export class Transaction {
  /** Was MAIL accepted? */
  open = false;
  /** Was SMTPUTF8 given on MAIL? */
  smtpUtf8 = false;
  /** The number of accepted RCPT commands. */
  recipients = 0;
  /** Was the first chunk of a message by BDAT accepted? */
  byChunks = false;
  /** The BDAT chunk that waits for the answer to `data`. */
  firstChunk: Chunk | undefined;
  /** The number of transactions in this session, including this one. */
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

  /** The reply to DATA and BDAT when no content may come now (RFC 5321 4.1.1.4, RFC 2920 3.1, RFC 3030 2). */
  contentRefusal({ noRecipients }: Dialect): FixedReply | undefined {
    if (!this.open) return Replies.mailFirst;
    return this.recipients === 0 ? noRecipients : undefined;
  }
}
