// Golden dialogues of checks: MAIL and RCPT alone, to find out which recipients a server takes.

import type { Dialogue } from './transcript.ts';

const transaction = { isCheck: true, sizeBytes: 0, reversePath: '' } as const;
const two = { ...transaction, recipients: [{ address: 'a@example.com' }, { address: 'b@example.com' }] };

const plain = `
  S: 220 mx.example.com
  C: EHLO client.example.org
  S: 250 mx.example.com
  E: ready`;

const pipelining = `
  S: 220 mx.example.com
  C: EHLO client.example.org
  S: 250-mx.example.com
  S: 250-PIPELINING
  S: 250-CHUNKING
  S: 250 DSN
  E: ready`;

export const checkDialogues: readonly Dialogue[] = [
  {
    name: 'a check ends with RSET, and no content is asked for; the next one follows',
    transaction,
    text: `${plain}
      ! begin
      C: MAIL FROM:<>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 250 2.1.5 ok
      E: done, reusable: 0 delivered (250 2.1.5 ok)
      C: RSET
      S: 250 ok
      E: ready
      ! begin
      C: MAIL FROM:<>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 550 5.1.1 no such user
      E: done, reusable: 0 permfail (550 5.1.1 no such user (in reply to RCPT))
      C: RSET
      S: 250 ok
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'with PIPELINING, the commands of a check leave together, without DATA or BDAT',
    transaction: two,
    options: { chunking: true, depth: { data: 2, chunking: 4 } },
    text: `${pipelining}
      ! begin
      C: MAIL FROM:<>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      S: 250 ok
      S: 452 4.2.2 full
      S: 250 2.1.5 ok
      E: done, reusable: 0 tempfail (452 4.2.2 full (in reply to RCPT)), 1 delivered (250 2.1.5 ok)
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'a refusal of MAIL is that of all recipients of a check, whatever is said to RCPT',
    transaction: two,
    text: `${pipelining}
      ! begin
      C: MAIL FROM:<>
      C: RCPT TO:<a@example.com>
      C: RCPT TO:<b@example.com>
      S: 550 5.7.1 not from you
      S: 250 ok
      S: 503 MAIL first
      E: done, reusable: 0 permfail (550 5.7.1 not from you (in reply to MAIL)), 1 permfail (550 5.7.1 not from you (in reply to MAIL))
      C: RSET
      S: 250 ok
      E: ready`,
  },
  {
    name: 'a server that refuses RSET after a check is not used again',
    transaction,
    text: `${plain}
      ! begin
      C: MAIL FROM:<>
      S: 250 ok
      C: RCPT TO:<user@example.com>
      S: 250 2.1.5 ok
      E: done, reusable: 0 delivered (250 2.1.5 ok)
      C: RSET
      S: 550 too many nonmail commands
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'a 354 in a check answers no command',
    transaction,
    text: `${plain}
      ! begin
      C: MAIL FROM:<>
      S: 354 go ahead
      E: done, not reusable: 0 tempfail (protocol error: unexpected reply "354 go ahead" to MAIL)
      E: close`,
  },
];
