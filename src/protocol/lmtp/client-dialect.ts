// How an LMTP client (RFC 2033) differs from an SMTP client. All else is SMTP: commands, extensions, pipelining and replies.

import type { ClientDialect } from '../smtp/client/dialect.ts';

export const lmtpDialect: ClientDialect = {
  // RFC 2033 4.1: LHLO has the semantics of EHLO; HELO and EHLO must not be used.
  hello: 'LHLO',
  fallsBackToHelo: false,
  // RFC 2033 4.2: the server has no queue, so it answers for each mailbox what became of the message.
  repliesPerRecipient: true,
};
