// Golden dialogues with several transactions on the way (RFC 2920 3.1), and with BDAT (RFC 3030).

import type { Dialogue } from './transcript.ts';

const depth = { data: 2, chunking: 4 };

export const byData = {
  options: { depth },
  opening: `
      S: 220 mx.example.com ESMTP ready
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 PIPELINING
      E: ready`,
};
export const byChunks = {
  options: { depth, chunking: true },
  transaction: { chunkBytes: 9 },
  opening: `
      S: 220 mx.example.com ESMTP ready
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250-PIPELINING
      S: 250 CHUNKING
      E: ready`,
};

export const group = `
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA`;
export const whole = `
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: BDAT 9 LAST
      C: (content)`;

/** Two transactions by DATA: the first has its content written, the second its commands. */
export const two = `${byData.opening}
      ! begin${group}
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      ! begin
      C: RSET${group}`;

/** Two whole messages, the second behind RSET. */
const twoWhole = `${byChunks.opening}
      ! begin${whole}
      ! begin
      C: RSET${whole}`;

export const pipelinedDialogues: readonly Dialogue[] = [
  {
    ...byData,
    name: 'the next group behind the content: its replies come behind that of the content',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: content
      ! contentSent
      S: 250 2.0.0 second
      E: done, reusable: 0 delivered (250 2.0.0 second)
      E: ready`,
  },
  {
    ...byData,
    name: 'content refused: the message behind it is not touched, nor given to the recipients of the first',
    text: `${two}
      S: 554 5.7.1 spam
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 permfail (554 5.7.1 spam (in reply to content))
      E: content
      ! contentSent
      S: 250 2.0.0 second
      E: done, reusable: 0 delivered (250 2.0.0 second)
      E: ready`,
  },
  {
    ...byData,
    name: 'a recipient behind the content refused: RSET, and the next one begins with it',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 550 5.1.1 no
      S: 554 5.5.1 nobody
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, reusable: 0 permfail (550 5.1.1 no (in reply to RCPT))
      C: RSET
      ! begin${group}
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content`,
  },
  {
    ...byData,
    name: '503 to MAIL behind the content: the server lost count, and the message goes back',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 reset
      S: 503 5.5.1 nested MAIL
      S: 503 5.5.1 what?
      S: 503 5.5.1 what?
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: close`,
  },
  {
    ...byData,
    name: '503 to MAIL, and the server goes on with the recipients of before: it gets not even an empty message',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 reset
      S: 503 5.5.1 nested MAIL
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (503 5.5.1 nested MAIL (in reply to MAIL))
      E: close`,
  },
  {
    ...byData,
    name: 'MAIL refused for its sender behind the content is final',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 reset
      S: 550 5.7.1 not from you
      S: 503 5.5.1 need MAIL
      S: 503 5.5.1 need MAIL
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, reusable: 0 permfail (550 5.7.1 not from you (in reply to MAIL))
      C: RSET
      S: 250 reset
      E: ready`,
  },
  {
    ...byData,
    name: 'lost with two on the way: the one that was sent is tried again, the other goes back',
    text: `${two}
      ! disconnected ECONNRESET
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to the content (the message may have been delivered): ECONNRESET)
      E: close`,
  },
  {
    ...byData,
    name: 'no answer behind the content in time: the message goes back',
    text: `${two}
      S: 250 2.0.0 first
      ! timedOut
      E: done, not reusable: 0 delivered (250 2.0.0 first)
      E: close`,
  },
  {
    ...byData,
    name: 'what is said to MAIL does not pass for the reply to the content',
    text: `${two}
      S: 250 2.1.0 sender ok
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 2.1.0 sender ok" to content (the message may have been delivered))
      E: close`,
  },
  {
    ...byData,
    name: 'QUIT behind the last content',
    text: `${two}
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: content
      ! quit
      ! contentSent
      C: QUIT
      S: 250 2.0.0 second
      S: 221 bye
      E: done, not reusable: 0 delivered (250 2.0.0 second)
      E: close`,
  },
  {
    ...byChunks,
    name: 'whole messages, each behind another with RSET (RFC 3030 2)',
    text: `${twoWhole}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, reusable: 0 delivered (250 2.0.0 second)
      E: ready
      ! begin${whole}`,
  },
  {
    ...byChunks,
    name: 'a chunk refused: the message behind it is not touched',
    text: `${twoWhole}
      S: 250 ok
      S: 250 ok
      S: 452 4.3.1 full
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      E: done, reusable: 0 tempfail (452 4.3.1 full (in reply to content))
      E: done, reusable: 0 delivered (250 2.0.0 second)
      E: ready`,
  },
  {
    ...byChunks,
    name: 'all refused before a chunk: its reply is awaited, and RSET follows',
    text: `${byChunks.opening}
      ! begin${whole}
      S: 250 ok
      S: 550 5.1.1 no
      S: 503 5.5.1 nobody
      E: done, reusable: 0 permfail (550 5.1.1 no (in reply to RCPT))
      C: RSET
      S: 250 reset
      E: ready`,
  },
  {
    ...byChunks,
    name: 'a refused chunk that the server did not read: what it says of the content ends the session',
    text: `${twoWhole}
      S: 250 ok
      S: 550 5.1.1 no
      S: 503 5.5.1 nobody
      S: 500 5.5.2 what?
      E: done, reusable: 0 permfail (550 5.1.1 no (in reply to RCPT))
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "500 5.5.2 what?" to RSET (the message may have been delivered))
      E: close`,
  },
  {
    ...byChunks,
    name: 'BDAT unknown to a server that offers it: temporary, and nothing more is said',
    text: `${byChunks.opening}
      ! begin${whole}
      S: 250 ok
      S: 250 ok
      S: 502 5.5.1 no such command
      E: done, not reusable: 0 tempfail (502 5.5.1 no such command (in reply to content))
      E: close`,
  },
  {
    ...byChunks,
    name: '421 to the first, and the server closes: the second goes back, although it was sent as a whole',
    text: `${twoWhole}
      S: 250 ok
      S: 421 4.3.2 closing
      ! disconnected closed
      E: done, not reusable: 0 tempfail (421 4.3.2 closing (in reply to RCPT))
      E: close`,
  },
  {
    ...byChunks,
    name: '421 to the first, and the server goes on: the second has the result that it was given',
    text: `${twoWhole}
      S: 250 ok
      S: 250 ok
      S: 421 4.3.0 not this one
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 second
      E: done, not reusable: 0 tempfail (421 4.3.0 not this one (in reply to content))
      E: done, not reusable: 0 delivered (250 2.0.0 second)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    ...byChunks,
    name: '421 to the first, and the server says no more in time: the second goes back',
    text: `${twoWhole}
      S: 250 ok
      S: 250 ok
      S: 421 4.3.2 closing
      E: done, not reusable: 0 tempfail (421 4.3.2 closing (in reply to content))
      ! timedOut
      E: close`,
  },
  {
    ...byChunks,
    name: 'RSET refused as one too many, and the server closes: the message behind it goes back',
    text: `${twoWhole}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 554 Too many nonmail commands
      E: done, reusable: 0 delivered (250 2.0.0 first)
      ! disconnected closed
      E: close`,
  },
  {
    ...byChunks,
    name: 'RSET refused, and the server goes on: what it says is not trusted',
    text: `${twoWhole}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 554 no
      S: 250 ok
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 ok" to QUIT (the message may have been delivered))
      E: close`,
  },
  {
    ...byChunks,
    name: 'lost with two whole messages on the way: both may have been delivered',
    text: `${twoWhole}
      S: 250 ok
      ! disconnected ECONNRESET
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to RCPT (the message may have been delivered): ECONNRESET)
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to MAIL (the message may have been delivered): ECONNRESET)
      E: close`,
  },
  {
    ...byChunks,
    options: { ...byChunks.options, probes: 1 },
    name: 'content goes ahead only after a 354 behind another message has shown that nothing is swallowed',
    text: `${byChunks.opening}
      ! begin${whole}
      ! begin
      C: RSET${group}
      S: 250 ok
      S: 250 ok
      S: 250 2.0.0 first
      S: 250 reset
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: done, reusable: 0 delivered (250 2.0.0 first)
      E: content
      ! contentSent
      ! begin
      C: RSET${whole}`,
  },
  {
    ...byChunks,
    options: { ...byChunks.options, probes: 1 },
    name: 'one reply too many is noticed at the 354',
    text: `${byChunks.opening}
      ! begin${whole}
      ! begin
      C: RSET${group}
      S: 250 ok
      S: 250 ok
      S: 250 first
      S: 250 for nothing
      S: 250 reset
      S: 250 ok
      S: 250 ok
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 ok" to DATA (the message may have been delivered))
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "250 ok" to DATA)
      E: close`,
  },
  {
    name: '503 to a MAIL that is not the first is about the session: the message goes back',
    text: `${byData.opening}
      ! begin${group}
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 first
      E: done, reusable: 0 delivered (250  first)
      E: ready
      ! begin${group}
      S: 503 5.5.1 one message only
      S: 503 5.5.1 no
      S: 503 5.5.1 no
      E: close`,
  },
];
