// Golden dialogues about TLS: STARTTLS wanted, demanded, refused or not offered, and TLS before the greeting.

import { lmtpDialect } from '../../../../src/protocol/lmtp/client-dialect.ts';
import type { Dialogue } from './transcript.ts';

const offered = `
  S: 220 mx.example.com ESMTP
  C: EHLO client.example.org
  S: 250-mx.example.com
  S: 250-PIPELINING
  S: 250-DSN
  S: 250 STARTTLS
  C: STARTTLS`;

const notOffered = `
  S: 220 mx.example.com ESMTP
  C: EHLO client.example.org
  S: 250-mx.example.com
  S: 250 PIPELINING`;

const secured = `${offered}
  S: 220 2.0.0 go ahead
  E: handshake
  ! secured
  C: EHLO client.example.org`;

export const tlsDialogues: readonly Dialogue[] = [
  {
    name: 'a message with REQUIRETLS to a server that takes it (RFC 8689 4.2.1)',
    options: { tls: 'must' },
    transaction: { requireTls: true },
    text: `${secured}
      S: 250-mx.example.com
      S: 250 REQUIRETLS
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org> REQUIRETLS
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 250 ok
      C: DATA
      S: 354 go
      E: content
      ! contentSent
      S: 250 taken
      E: done, reusable: 0 delivered (250  taken)
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'a message with REQUIRETLS is not sent to a server that does not offer it',
    options: { tls: 'must' },
    transaction: { requireTls: true },
    text: `${secured}
      S: 250 mx.example.com
      E: ready
      ! begin
      E: done, reusable: 0 permfail (550 5.7.30 the message requires TLS on its whole way, and the server does not offer REQUIRETLS)
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'STARTTLS, EHLO anew, and a message',
    options: { tls: 'want' },
    text: `${secured}
      S: 250-mx.example.com
      S: 250 PIPELINING
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 354 go
      E: content
      ! contentSent
      S: 250 taken
      E: done, reusable: 0 delivered (250  taken)
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'extensions that were announced in clear only are not used under TLS (RFC 3207 4.2)',
    options: { tls: 'must' },
    transaction: { recipients: [{ address: 'user@example.com', originalRecipient: 'rfc822;a@example.com' }] },
    text: `${secured}
      S: 250 mx.example.com
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 250 ok
      C: RCPT TO:<user@example.com>`,
  },
  {
    name: 'STARTTLS that is offered under TLS is not asked for again',
    options: { tls: 'must' },
    text: `${secured}
      S: 250-mx.example.com
      S: 250 STARTTLS
      E: ready`,
  },
  {
    name: 'under TLS the server knows no EHLO: HELO',
    options: { tls: 'want' },
    text: `${secured}
      S: 502 unknown
      C: HELO client.example.org
      S: 250 mx.example.com
      E: ready`,
  },
  {
    name: 'a server that refuses EHLO under TLS',
    options: { tls: 'want' },
    text: `${secured}
      S: 450 4.3.2 not now
      E: failed, temporary: 450 4.3.2 not now (in reply to EHLO)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'TLS that is wanted and not offered: on in clear',
    options: { tls: 'want' },
    text: `${notOffered}
      E: ready`,
  },
  {
    name: 'TLS that is wanted from a server without EHLO: on in clear',
    options: { tls: 'want' },
    text: `
      S: 220 mx.example.com
      C: EHLO client.example.org
      S: 502 unknown
      C: HELO client.example.org
      S: 250 mx.example.com
      E: ready`,
  },
  {
    name: 'TLS that must be and is not offered: nothing is sent',
    options: { tls: 'must' },
    text: `${notOffered}
      E: failed, temporary: the server does not offer STARTTLS
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'an offer that is to be ignored is none',
    options: { tls: 'must', ignoredExtensions: new Set(['STARTTLS']) },
    text: `
      S: 220 mx.example.com ESMTP
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 STARTTLS
      E: failed, temporary: the server does not offer STARTTLS
      C: QUIT`,
  },
  {
    name: '454 to STARTTLS that is wanted: on in clear, with what the server announced (RFC 3207 4)',
    options: { tls: 'want' },
    text: `${offered}
      S: 454 4.7.0 TLS not available
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>
      C: RCPT TO:<user@example.com>
      C: DATA`,
  },
  {
    name: '501 to STARTTLS that is wanted: on in clear',
    options: { tls: 'want' },
    text: `${offered}
      S: 501 5.5.4 no
      E: ready`,
  },
  {
    name: '454 to STARTTLS that must be: nothing is sent',
    options: { tls: 'must' },
    text: `${offered}
      S: 454 4.7.0 TLS not available
      E: failed, temporary: 454 4.7.0 TLS not available (in reply to STARTTLS)
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: '550 to STARTTLS that must be',
    options: { tls: 'must' },
    text: `${offered}
      S: 550 5.7.1 no
      E: failed, permanent: 550 5.7.1 no (in reply to STARTTLS)
      C: QUIT`,
  },
  {
    name: '421 to STARTTLS ends the session',
    options: { tls: 'want' },
    text: `${offered}
      S: 421 4.3.2 too busy
      E: failed, temporary: 421 4.3.2 too busy (in reply to STARTTLS)
      E: close`,
  },
  {
    name: '354 to STARTTLS is no reply to it',
    options: { tls: 'want' },
    text: `${offered}
      S: 354 go
      E: failed, temporary: protocol error: unexpected reply "354 go" to STARTTLS
      E: close`,
  },
  {
    name: 'a handshake that fails',
    options: { tls: 'must' },
    text: `${offered}
      S: 220 go
      E: handshake
      ! tlsFailed the certificate has expired
      E: failed, temporary: the certificate has expired
      E: close`,
  },
  {
    name: 'given up in the handshake: no QUIT in clear',
    options: { tls: 'want' },
    text: `${offered}
      S: 220 go
      E: handshake
      ! quit
      E: failed, temporary: given up before it was ready
      E: close`,
  },
  {
    name: 'no TLS where it is not wanted, though it is offered',
    text: `
      S: 220 mx.example.com ESMTP
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 STARTTLS
      E: ready`,
  },
  {
    name: 'TLS before the greeting (RFC 8314 3.3), and no STARTTLS under it',
    options: { tls: 'implicit' },
    text: `
      ! secured
      S: 220 mx.example.com ESMTP
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 STARTTLS
      E: ready`,
  },
  {
    name: 'a server that refuses in its greeting under TLS',
    options: { tls: 'implicit' },
    text: `
      ! secured
      S: 554 5.3.2 no
      E: failed, permanent: 554 5.3.2 no (in reply to connect)
      C: QUIT`,
  },
  {
    name: 'LMTP: LHLO anew under TLS',
    options: { tls: 'must', dialect: lmtpDialect },
    text: `
      S: 220 mail.example.com LMTP
      C: LHLO client.example.org
      S: 250-mail.example.com
      S: 250 STARTTLS
      C: STARTTLS
      S: 220 go
      E: handshake
      ! secured
      C: LHLO client.example.org
      S: 250 mail.example.com
      E: ready`,
  },
];
