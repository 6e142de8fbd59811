// Golden dialogues with servers that call themselves as this one does (RFC 5321 4.1.1.1): mail to them would loop.

import type { Dialogue } from './transcript.ts';

const options = { ownNames: new Set(['mx.example.org', 'mail.example.org']) };

const told = (name: string): string =>
  `E: failed, temporary: mail would loop: the server calls itself ${name}, which is a name of this server`;

export const ownNameDialogues: readonly Dialogue[] = [
  {
    name: 'a server with a name of this server gets no mail',
    options,
    text: `
      S: 220 far.example.com ESMTP
      C: EHLO client.example.org
      S: 250-MX.example.org greets client.example.org
      S: 250 PIPELINING
      ${told('MX.example.org')}
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'nor does one that knows HELO alone',
    options,
    text: `
      S: 220 hello
      C: EHLO client.example.org
      S: 500 what
      C: HELO client.example.org
      S: 250 mail.example.org
      ${told('mail.example.org')}
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'a name of this server elsewhere in what the server says means nothing',
    options,
    text: `
      S: 220 mx.example.org ESMTP
      C: EHLO client.example.org
      S: 250-far.example.com mx.example.org
      S: 250 mail.example.org
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
  {
    name: 'a server that says no name is another one',
    options,
    text: `
      S: 220
      C: EHLO client.example.org
      S: 250
      E: ready
      ! quit
      C: QUIT
      S: 221 bye
      E: close`,
  },
];
