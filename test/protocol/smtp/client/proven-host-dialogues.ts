// Golden dialogues with replies that are out of their places or look so, and with hosts that have proven to keep them: to those, several whole messages leave
// before the first 354.

import { lmtpDialect } from '../../../../src/protocol/lmtp/client-dialect.ts';
import { byChunks, byData, group, two, whole } from './pipelined-dialogues.ts';
import type { Dialogue } from './transcript.ts';

/** A host that has passed enough messages by DATA on other connections. */
const proven = { ...byChunks, options: { ...byChunks.options, probes: 1 } };

/** Two whole messages, and another one is at hand. */
const followed = `${byChunks.opening}
      ! begin followed${whole}
      ! begin followed
      C: RSET${whole}`;

/** Two whole messages, and the last one at hand by DATA. */
const marked = `${followed}
      ! begin
      C: RSET${group}`;

export const provenHostDialogues: readonly Dialogue[] = [
  {
    ...proven,
    name: 'to a proven host whole messages leave at once, and one by DATA behind them marks the place of all',
    text: `${marked}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, reusable: 0 delivered (250 2.0.0 second)
      E: content
      ! contentSent
      ! begin
      C: RSET${whole}`,
  },
  {
    ...proven,
    name: 'a whole group swallowed: the 354 comes too early, and none of those before it passes for delivered',
    text: `${marked}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go" to content (the message may have been delivered))
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go" to content (the message may have been delivered))
      E: close`,
  },
  {
    ...proven,
    name: 'no more is said before the 354: only the first is sure to have had its own replies',
    text: `${marked}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      ! timedOut
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (timed out while waiting for the reply to the content (the message may have been delivered))
      E: close`,
  },
  {
    ...proven,
    name: 'the connection is lost before the 354: a message behind the first may have been swallowed',
    text: `${marked}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      ! disconnected ECONNRESET
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET)
      E: close`,
  },
  {
    ...proven,
    name: '421 before the 354: a message behind the first may have been swallowed',
    text: `${marked}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      S: 250 reset
      S: 421 4.7.0 too many messages
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (the connection was closed after the reply "421 4.7.0 too many messages" to MAIL of an earlier message (the message may have been delivered))
      E: close`,
  },
  {
    ...proven,
    name: 'a refusal before the 354 is final for nobody when the connection is lost',
    text: `${marked}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 550 5.1.1 no such user
      ! disconnected ECONNRESET
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET)
      E: close`,
  },
  {
    ...proven,
    name: '503 before the 354: a message behind the first may have been swallowed',
    text: `${followed}
      ! begin followed
      C: RSET${whole}
      ! begin
      C: RSET${group}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      S: 250 reset
      S: 503 5.5.1 bad sequence
      S: 503 5.5.1 bad sequence
      S: 503 5.5.1 bad sequence
      ! disconnected ECONNRESET
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET)
      E: done, not reusable: 0 tempfail (503 5.5.1 bad sequence (in reply to MAIL))
      E: close`,
  },
  {
    ...proven,
    name: 'a message that was to follow does not come: the 221 to QUIT marks the place of those before it',
    text: `${followed}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: done, not reusable: 0 delivered (250 2.0.0 second)
      E: close`,
  },
  {
    ...proven,
    name: 'what is not said to QUIT marks no place',
    text: `${followed}
      ! quit
      C: QUIT
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      S: 250 ok
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 ok" to QUIT (the message may have been delivered))
      E: close`,
  },
  {
    ...byData,
    name: 'a refusal out of its place is final for nobody',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 ok
      S: 550 5.1.1 no such user
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go" to DATA)
      E: close`,
  },
  {
    name: 'LMTP: a reply about a recipient behind the content says 2.1.5, and the next message is on the way',
    options: { ...byData.options, dialect: lmtpDialect },
    text: `
      S: 220 mail.example.com LMTP
      C: LHLO client.example.org
      S: 250-mail.example.com
      S: 250 PIPELINING
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 2.1.0 ok
      S: 250 2.1.5 ok
      S: 354 go
      E: content
      ! contentSent
      ! begin
      C: RSET
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 2.1.5 Ok SESSIONID=<1>
      S: 250 2.0.0 reset
      S: 250 2.1.0 ok
      S: 250 2.1.5 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.1.5 Ok SESSIONID=<1>)
      E: content`,
  },
];
