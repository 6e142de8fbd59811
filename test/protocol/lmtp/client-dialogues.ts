// Golden dialogues of LMTP (RFC 2033): LHLO, and a reply for each accepted recipient after the content.

import { lmtpDialect } from '../../../src/protocol/lmtp/client-dialect.ts';
import type { Dialogue } from '../smtp/client/transcript.ts';

const options = { dialect: lmtpDialect };

const lhloPipelining = `
  S: 220 mail.example.com LMTP ready
  C: LHLO client.example.org
  S: 250-mail.example.com
  S: 250 PIPELINING
  E: ready`;

const lhloPlain = `
  S: 220 mail.example.com LMTP ready
  C: LHLO client.example.org
  S: 250 mail.example.com
  E: ready`;

const three = {
  recipients: [{ address: 'a@example.com' }, { address: 'b@example.com' }, { address: 'c@example.com' }],
};

const acceptedThree = `
  ! begin
  C: MAIL FROM:<sender@example.org>
  C: RCPT TO:<a@example.com>
  C: RCPT TO:<b@example.com>
  C: RCPT TO:<c@example.com>
  C: DATA
  S: 250 2.1.0 ok
  S: 250 2.1.5 ok
  S: 250 2.1.5 ok
  S: 250 2.1.5 ok
  S: 354 go
  E: content
  ! contentSent`;

export const lmtpDialogues: readonly Dialogue[] = [
  {
    name: 'LMTP: each recipient has the outcome that its own reply tells, and the session goes on',
    options,
    transaction: three,
    text: `${lhloPipelining}${acceptedThree}
      S: 250 2.0.0 <a@example.com> saved
      S: 552 5.2.2 <b@example.com> over quota
      S: 452 4.2.2 <c@example.com> over quota for now
      E: done, reusable: 0 delivered (250 2.0.0 <a@example.com> saved), 1 permfail (552 5.2.2 <b@example.com> over quota (in reply to content)), 2 tempfail (452 4.2.2 <c@example.com> over quota for now (in reply to content))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'LMTP: only accepted recipients are answered after the content; no RSET when the last was delivered',
    options,
    transaction: three,
    text: `${lhloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<a@example.com>
      S: 250 ok
      C: RCPT TO:<b@example.com>
      S: 550 5.1.1 unknown
      C: RCPT TO:<c@example.com>
      S: 250 ok
      C: DATA
      S: 354 go
      E: content
      ! contentSent
      S: 250 saved a
      S: 250 saved c
      E: done, reusable: 0 delivered (250  saved a), 1 permfail (550 5.1.1 unknown (in reply to RCPT)), 2 delivered (250  saved c)
      E: ready`,
  },
  {
    name: 'LMTP: too few replies: those without one are tried again, the others keep theirs',
    options,
    transaction: three,
    text: `${lhloPipelining}${acceptedThree}
      S: 250 2.0.0 saved
      ! disconnected ECONNRESET
      E: done, not reusable: 0 delivered (250 2.0.0 saved), 1 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET), 2 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET)
      E: close`,
  },
  {
    name: 'LMTP: one reply too many ends the session',
    options,
    text: `${lhloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 250 ok
      C: DATA
      S: 354 go
      E: content
      ! contentSent
      S: 250 saved
      S: 250 saved again
      E: done, reusable: 0 delivered (250  saved)
      E: ready
      E: close`,
  },
  {
    name: 'LMTP: 421 among the replies to the content ends the session; what was answered stays',
    options,
    transaction: three,
    text: `${lhloPipelining}${acceptedThree}
      S: 250 2.0.0 saved
      S: 421 4.3.2 shutting down
      E: done, not reusable: 0 delivered (250 2.0.0 saved), 1 tempfail (421 4.3.2 shutting down (in reply to content)), 2 tempfail (421 4.3.2 shutting down (in reply to content))
      E: close`,
  },
  {
    name: 'LMTP: 503 to DATA after all recipients were refused',
    options,
    transaction: { recipients: [{ address: 'a@example.com' }, { address: 'b@example.com' }] },
    text: `${lhloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 452 4.2.2 full
      S: 503 5.5.1 no valid recipients
      E: done, reusable: 0 permfail (550 5.1.1 unknown (in reply to RCPT)), 1 tempfail (452 4.2.2 full (in reply to RCPT))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'LMTP: 354 although all recipients were refused ends the session: who would be answered after the content?',
    options,
    text: `${lhloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 354 go
      E: done, not reusable: 0 permfail (550 5.1.1 unknown (in reply to RCPT))
      E: close`,
  },
  {
    name: 'LMTP: a refusal in the middle of the content is that of the first recipient; the others are tried again',
    options,
    transaction: three,
    text: `${lhloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: RCPT TO:<c@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      S: 552 5.3.4 too large
      E: done, not reusable: 0 permfail (552 5.3.4 too large (in reply to content)), 1 tempfail (552 5.3.4 too large (in reply to content)), 2 tempfail (552 5.3.4 too large (in reply to content))
      E: close`,
  },
  {
    name: 'LMTP: a server that does not know LHLO speaks SMTP; HELO is not tried',
    options,
    text: `
      S: 220 mail.example.com ESMTP
      C: LHLO client.example.org
      S: 502 5.5.1 unrecognized command
      E: failed, permanent: 502 5.5.1 unrecognized command (in reply to LHLO)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'LMTP: the connection is lost before LHLO is answered',
    options,
    text: `
      S: 220 mail.example.com LMTP
      C: LHLO client.example.org
      ! disconnected 
      E: failed, temporary: connection lost while waiting for the reply to LHLO
      E: close`,
  },
  {
    name: 'LMTP: a recipient that is given twice is answered twice',
    options,
    transaction: { recipients: [{ address: 'a@example.com' }, { address: 'a@example.com' }] },
    text: `${lhloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<a@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 saved
      S: 451 4.3.0 cannot save
      E: done, reusable: 0 delivered (250  saved), 1 tempfail (451 4.3.0 cannot save (in reply to content))
      C: RSET
      S: 250 ok
      E: ready`,
  },
];
