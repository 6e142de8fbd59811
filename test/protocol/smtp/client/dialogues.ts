// Golden dialogues: the commands of the client, and its events, for all kinds of replies of a server.

import type { Dialogue } from './transcript.ts';

const ehloPipelining = `
  S: 220 mx.example.com ESMTP ready
  C: EHLO client.example.org
  S: 250-mx.example.com at your service
  S: 250-PIPELINING
  S: 250 8BITMIME
  E: ready`;

const ehloPlain = `
  S: 220 mx.example.com ESMTP ready
  C: EHLO client.example.org
  S: 250 mx.example.com
  E: ready`;

const three = {
  recipients: [{ address: 'a@example.com' }, { address: 'b@example.com' }, { address: 'c@example.com' }],
};

export const dialogues: readonly Dialogue[] = [
  {
    name: 'one message with PIPELINING, then QUIT',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 2.1.0 sender ok
      S: 250 2.1.5 recipient ok
      S: 354 go ahead
      E: content
      ! contentSent
      S: 250 2.0.0 queued as 4711
      E: done, reusable: 0 delivered (250 2.0.0 queued as 4711)
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'without PIPELINING every command waits for its reply',
    transaction: three,
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<a@example.com>
      S: 250 ok
      C: RCPT TO:<b@example.com>
      S: 251 will forward
      C: RCPT TO:<c@example.com>
      S: 250 ok
      C: DATA
      S: 354 go ahead
      E: content
      ! contentSent
      S: 250 ok
      E: done, reusable: 0 delivered (250  ok), 1 delivered (250  ok), 2 delivered (250  ok)
      E: ready`,
  },
  {
    name: 'PIPELINING is not used when the options say so',
    options: { pipelining: false },
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>`,
  },
  {
    name: 'no RSET between messages that went well, and the null sender',
    transaction: { reversePath: '' },
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 first
      E: done, reusable: 0 delivered (250  first)
      E: ready
      ! begin
      C: MAIL FROM:<>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 second
      E: done, reusable: 0 delivered (250  second)
      E: ready`,
  },
  {
    name: 'some recipients refused: the others get the message',
    transaction: three,
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: RCPT TO:<c@example.com>
      C: DATA
      S: 250 ok
      S: 550-5.1.1 No such
      S: 550 5.1.1 user here
      S: 250 ok
      S: 450 4.2.1 greylisted
      S: 354 go
      E: content
      ! contentSent
      S: 250 2.0.0 done
      E: done, reusable: 0 permfail (550 5.1.1 No such user here (in reply to RCPT)), 1 delivered (250 2.0.0 done), 2 tempfail (450 4.2.1 greylisted (in reply to RCPT))
      E: ready`,
  },
  {
    name: 'all recipients refused with PIPELINING: DATA is refused too',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 554 5.5.1 no valid recipients
      E: done, reusable: 0 permfail (550 5.1.1 unknown (in reply to RCPT))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'all recipients refused, yet 354: an empty message ends it (RFC 2920 3.1)',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 354 go
      E: done, reusable: 0 permfail (550 5.1.1 unknown (in reply to RCPT))
      C: .
      C: RSET
      S: 250 queued nothing
      S: 250 reset
      E: ready
      ! quit
      C: QUIT`,
  },
  {
    name: 'all recipients refused without PIPELINING: no DATA',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 451 4.3.0 later
      E: done, reusable: 0 tempfail (451 4.3.0 later (in reply to RCPT))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'MAIL refused with PIPELINING: the replies to the rest are read, and change nothing',
    transaction: three,
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: RCPT TO:<c@example.com>
      C: DATA
      S: 553 5.1.8 no such sender domain
      S: 503 5.5.1 need MAIL
      S: 503 5.5.1 need MAIL
      S: 250 whatever
      S: 503 5.5.1 need RCPT
      E: done, reusable: 0 permfail (553 5.1.8 no such sender domain (in reply to MAIL)), 1 permfail (553 5.1.8 no such sender domain (in reply to MAIL)), 2 permfail (553 5.1.8 no such sender domain (in reply to MAIL))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'MAIL tempfails without PIPELINING',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 452 4.3.1 disk full
      E: done, reusable: 0 tempfail (452 4.3.1 disk full (in reply to MAIL))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'DATA refused',
    transaction: three,
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: RCPT TO:<c@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 550 no
      S: 250 ok
      S: 451 4.7.1 not now
      E: done, reusable: 0 tempfail (451 4.7.1 not now (in reply to DATA)), 1 permfail (550 no (in reply to RCPT)), 2 tempfail (451 4.7.1 not now (in reply to DATA))
      C: RSET`,
  },
  {
    name: 'the content refused, RSET refused: QUIT',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 554 5.7.1 spam
      E: done, reusable: 0 permfail (554 5.7.1 spam (in reply to content))
      C: RSET
      S: 500 what?
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'the content refused while it is being written: the connection is dropped',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      S: 552 5.3.4 too large
      E: done, not reusable: 0 permfail (552 5.3.4 too large (in reply to content))
      E: close
      ! contentSent`,
  },
  {
    name: 'a 250 before the final dot was sent is no delivery',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      S: 250 already queued
      E: content
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 already queued" to content)
      E: close`,
  },
  {
    name: 'an old server says 552 for too many recipients (RFC 5321 4.5.3.1.10)',
    transaction: three,
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: RCPT TO:<c@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 552 too many recipients
      S: 552 5.2.2 mailbox full
      S: 354 go
      E: content
      ! contentSent
      S: 250 ok
      E: done, reusable: 0 delivered (250  ok), 1 tempfail (552 too many recipients (in reply to RCPT)), 2 permfail (552 5.2.2 mailbox full (in reply to RCPT))
      E: ready`,
  },
  {
    name: '552 to the first recipient is a failure for good',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 552 over quota
      E: done, reusable: 0 permfail (552 over quota (in reply to RCPT))
      C: RSET`,
  },
  {
    name: 'a server that knows no EHLO',
    text: `
      S: 220 old.example.com
      C: EHLO client.example.org
      S: 502 5.5.2 not implemented
      C: HELO client.example.org
      S: 250 old.example.com
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>`,
  },
  {
    name: 'EHLO and HELO refused',
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 550 go away
      C: HELO client.example.org
      S: 550 5.7.1 really, go away
      E: failed, permanent: 550 5.7.1 really, go away (in reply to HELO)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'EHLO answered with 4xx',
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 450 4.7.0 busy
      E: failed, temporary: 450 4.7.0 busy (in reply to EHLO)
      C: QUIT
      ! disconnected
      E: close`,
  },
  {
    name: 'the greeting refuses for good',
    text: `
      S: 554-mx.example.com
      S: 554 you are listed
      E: failed, permanent: 554 mx.example.com you are listed (in reply to connect)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'the greeting refuses for now',
    text: `
      S: 450 4.7.1 slow down
      E: failed, temporary: 450 4.7.1 slow down (in reply to connect)
      C: QUIT
      ! timedOut
      E: close`,
  },
  {
    name: '421 as the greeting',
    text: `
      S: 421 4.3.2 too many connections
      E: failed, temporary: 421 4.3.2 too many connections (in reply to connect)
      E: close`,
  },
  {
    name: '421 to EHLO',
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 421 shutting down
      E: failed, temporary: 421 shutting down (in reply to EHLO)
      E: close`,
  },
  {
    name: '421 while idle; a transaction that crosses with it tempfails',
    text: `${ehloPipelining}
      S: 421 4.4.2 idle for too long
      E: close
      ! begin
      E: done, not reusable: 0 tempfail (421 4.4.2 idle for too long (in reply to nothing))`,
  },
  {
    name: '421 to RCPT: nobody is delivered, those refused stay refused',
    transaction: three,
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      C: RCPT TO:<c@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 421 4.7.0 too many errors
      E: done, not reusable: 0 tempfail (421 4.7.0 too many errors (in reply to RCPT)), 1 permfail (550 5.1.1 unknown (in reply to RCPT)), 2 tempfail (421 4.7.0 too many errors (in reply to RCPT))
      E: close`,
  },
  {
    name: '421 to the content',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 421 4.3.0 out of memory
      E: done, not reusable: 0 tempfail (421 4.3.0 out of memory (in reply to content))
      E: close`,
  },
  {
    name: 'dropped after the final dot, before its reply: one tempfail (RFC 1047)',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      ! disconnected ECONNRESET
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET)
      E: close
      ! disconnected again`,
  },
  {
    name: 'no reply to MAIL in time',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      ! timedOut
      E: done, not reusable: 0 tempfail (timed out while waiting for the reply to MAIL)
      E: close`,
  },
  {
    name: 'no greeting in time',
    text: `
      ! timedOut
      E: failed, temporary: timed out while waiting for the greeting
      E: close`,
  },
  {
    name: 'the content cannot be read',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentFailed checksum does not hold
      E: done, not reusable: 0 tempfail (the content could not be read: checksum does not hold)
      E: close`,
  },
  {
    name: 'quit during a transaction: it is finished first',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      ! quit
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 ok
      E: done, not reusable: 0 delivered (250  ok)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'quit while RSET is under way',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 550 no
      E: done, reusable: 0 permfail (550 no (in reply to MAIL))
      C: RSET
      ! quit
      S: 250 ok
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'quit before the greeting',
    text: `
      ! quit
      E: failed, temporary: given up before it was ready
      E: close`,
  },
  {
    name: 'a server that is no SMTP server',
    text: `
      S: HTTP/1.1 400 Bad Request
      E: failed, temporary: protocol error: a line that is not an SMTP reply: "HTTP/1.1 400 Bad Request"
      E: close`,
  },
  {
    name: 'garbage in the middle of a transaction',
    text: `${ehloPipelining}
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: *** internal error ***
      E: done, not reusable: 0 tempfail (protocol error: a line that is not an SMTP reply: "*** internal error ***")
      E: close`,
  },
  {
    name: 'a reply to nothing',
    text: `${ehloPipelining}
      S: 250 hello?
      E: close`,
  },
  {
    name: '354 where it does not belong, 250 where 354 does',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 354 go
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go" to MAIL)
      E: close`,
  },
  {
    name: 'the words of an unexpected reply cannot pass for ours',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 354 go" to RCPT. The mail is delivered: "250
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go' to RCPT. The mail is delivered: '250" to RCPT)
      E: close`,
  },
  {
    name: '250 to DATA',
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 250 ok
      C: DATA
      S: 250 ok
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 ok" to DATA)
      E: close`,
  },
  {
    name: 'all parameters for a server that offers everything',
    transaction: {
      sizeBytes: 4321,
      body: '8BITMIME',
      smtpUtf8: true,
      ret: 'HDRS',
      envelopeId: 'QQ=314+159 x',
      recipients: [
        {
          address: 'jürgen@example.com',
          notify: { never: false, success: true, failure: true, delay: true },
          originalRecipient: 'utf-8;jürgen+x@example.com',
        },
        {
          address: 'b@example.com',
          notify: { never: true, success: false, failure: false, delay: false },
          originalRecipient: 'rfc822;b+c=d@example.com',
        },
        {
          address: 'c@example.com',
          notify: { never: false, success: false, failure: false, delay: false },
          originalRecipient: 'not a type;c@example.com',
        },
      ],
    },
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250-pipelining
      S: 250-Size 10000
      S: 250-8BITMIME
      S: 250-SMTPUTF8
      S: 250-X-UNKNOWN a b c
      S: 250 DSN
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org> SIZE=4321 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+3D314+2B159+20x
      C: RCPT TO:<jürgen@example.com> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=utf-8;jürgen\\x{2B}x@example.com
      C: RCPT TO:<b@example.com> NOTIFY=NEVER ORCPT=rfc822;b+2Bc+3Dd@example.com
      C: RCPT TO:<c@example.com>
      C: DATA`,
  },
  {
    name: 'an internationalized ORCPT for a server without SMTPUTF8',
    transaction: {
      recipients: [{ address: 'j@example.com', originalRecipient: 'utf-8;jürgen\\x{2B}x y@example.com' }],
    },
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250-PIPELINING
      S: 250 DSN
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<j@example.com> ORCPT=utf-8;j\\x{FC}rgen\\x{2B}x\\x{20}y@example.com
      C: DATA`,
  },
  {
    name: 'no parameter for a server that offers nothing; 8-bit content is sent all the same',
    transaction: {
      body: '8BITMIME',
      ret: 'FULL',
      envelopeId: 'abc',
      priority: 9,
      recipients: [
        {
          address: 'b@example.com',
          notify: { never: true, success: false, failure: false, delay: false },
          originalRecipient: 'rfc822;b@example.com',
        },
      ],
    },
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<b@example.com>`,
  },
  {
    name: 'a priority goes on to a server that offers MT-PRIORITY (RFC 6710 4.2)',
    transaction: { priority: -4 },
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250-PIPELINING
      S: 250-SIZE
      S: 250 MT-PRIORITY MIXER
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org> SIZE=1000 MT-PRIORITY=-4
      C: RCPT TO:<user@example.com>
      C: DATA`,
  },
  {
    name: 'no priority, no parameter',
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 MT-PRIORITY
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>`,
  },
  {
    name: '8-bit content fails where the options want it so (RFC 6152 3)',
    options: { downgrade8bit: 'fail' },
    transaction: { body: '8BITMIME' },
    text: `${ehloPlain}
      ! begin
      E: done, reusable: 0 permfail (554 5.6.3 the message has 8-bit content, and the server does not offer 8BITMIME)
      E: ready`,
  },
  {
    name: 'a message larger than SIZE fails before anything is sent, the session stays',
    transaction: { sizeBytes: 1001 },
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 SIZE 1000
      E: ready
      ! begin
      E: done, reusable: 0 permfail (552 5.3.4 the message has 1001 bytes, the server takes at most 1000)
      E: ready
      ! quit
      C: QUIT`,
  },
  {
    name: 'SIZE without a limit',
    transaction: { sizeBytes: 99_999_999 },
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 SIZE
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org> SIZE=99999999`,
  },
  {
    name: 'an internationalized message for a server without SMTPUTF8 (RFC 6531)',
    transaction: { smtpUtf8: true },
    text: `${ehloPlain}
      ! begin
      E: done, reusable: 0 permfail (550 5.6.7 the message needs SMTPUTF8, which the server does not offer)
      E: ready`,
  },
  {
    name: 'recipients that cannot be sent fail here, the others are sent',
    transaction: {
      recipients: [
        { address: 'jürgen@example.com' },
        { address: 'a@example.com' },
        { address: 'x@example.com>\r\nRCPT TO:<evil@example.com' },
        { address: '"a b"@example.com' },
        { address: '' },
      ],
    },
    text: `${ehloPlain}
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<a@example.com>
      S: 550 no
      C: RCPT TO:<"a b"@example.com>
      S: 250 ok
      C: DATA
      S: 354 go
      E: content
      ! contentSent
      S: 250 ok
      E: done, reusable: 0 permfail (553 5.6.7 the recipient address needs SMTPUTF8, which the server does not offer), 1 permfail (550 no (in reply to RCPT)), 2 permfail (553 5.1.3 the recipient address is empty or has characters that must not be sent), 3 delivered (250  ok), 4 permfail (553 5.1.3 the recipient address is empty or has characters that must not be sent)
      E: ready`,
  },
  {
    name: 'a sender that cannot be sent',
    transaction: { reversePath: 'a@example.org\u0000' },
    text: `${ehloPlain}
      ! begin
      E: done, reusable: 0 permfail (553 5.1.7 the sender address has characters that must not be sent)
      E: ready`,
  },
];
