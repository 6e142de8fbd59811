// Golden dialogues in which a server is told of the client of a message (XFORWARD).

import type { Dialogue } from './transcript.ts';

const transaction = {
  forwarded: {
    address: '2001:db8::1',
    helo: 'client=one.example',
    id: '4711',
    protocol: 'ESMTP',
    isRemote: true,
  },
};

export const xforwardDialogues: readonly Dialogue[] = [
  {
    name: 'XFORWARD goes ahead of each MAIL with what the server knows, and no answer to it matters',
    transaction,
    text: `
      S: 220 filter
      C: EHLO client.example.org
      S: 250-filter
      S: 250 XFORWARD NAME ADDR PORT PROTO HELO SOURCE FUTURE
      E: ready
      ! begin
      C: XFORWARD NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 PORT=[UNAVAILABLE] PROTO=ESMTP HELO=client+3Done.example SOURCE=REMOTE
      S: 550 5.7.0 not from you
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 250 ok
      C: DATA
      S: 354 go
      E: content
      ! contentSent
      S: 250 ok
      E: done, reusable: 0 delivered (250  ok)
      E: ready
      ! begin
      C: XFORWARD NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 PORT=[UNAVAILABLE] PROTO=ESMTP HELO=client+3Done.example SOURCE=REMOTE
      S: 250 ok
      C: MAIL FROM:<sender@example.org>
      S: 550 no
      E: done, reusable: 0 permfail (550 no (in reply to MAIL))
      C: RSET`,
  },
  {
    name: 'with PIPELINING, XFORWARD leaves together with the other commands',
    transaction,
    text: `
      S: 220 filter
      C: EHLO client.example.org
      S: 250-filter
      S: 250-pipelining
      S: 250 xforward ident  addr
      E: ready
      ! begin
      C: XFORWARD ADDR=IPV6:2001:db8::1 IDENT=4711
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 ok
      E: done, reusable: 0 delivered (250  ok)
      E: ready`,
  },
  {
    name: 'XFORWARD is not sent to a server that does not offer it',
    transaction,
    text: `
      S: 220 filter
      C: EHLO client.example.org
      S: 250-filter
      S: 250 XFORWARDED ADDR
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>`,
  },
  {
    name: 'XFORWARD is not sent without anything to tell',
    text: `
      S: 220 filter
      C: EHLO client.example.org
      S: 250-filter
      S: 250 XFORWARD ADDR
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>`,
  },
  {
    name: 'a connection that is lost after XFORWARD was lost there, and not at MAIL',
    transaction,
    text: `
      S: 220 filter
      C: EHLO client.example.org
      S: 250-filter
      S: 250 XFORWARD ADDR
      E: ready
      ! begin
      C: XFORWARD ADDR=IPV6:2001:db8::1
      ! disconnected ECONNRESET
      E: done, not reusable: 0 tempfail (connection lost while waiting for the reply to XFORWARD: ECONNRESET)
      E: close`,
  },
  {
    name: 'a reply to XFORWARD that asks for content ends the session',
    transaction,
    text: `
      S: 220 filter
      C: EHLO client.example.org
      S: 250-filter
      S: 250 XFORWARD ADDR
      E: ready
      ! begin
      C: XFORWARD ADDR=IPV6:2001:db8::1
      S: 354 go
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go" to MAIL)
      E: close`,
  },
];
