// LMTP, server side (RFC 2033): the client says LHLO, and hears of each recipient after the content.

import { Verb } from '../smtp/server/command-verb.ts';
import type { Dialect } from '../smtp/server/dialect.ts';
import { fixedReply } from '../smtp/server/replies.ts';

export const lmtp: Dialect = {
  name: 'LMTP',
  extendedHello: Verb.lhlo,
  plainHello: undefined,
  // RFC 2033 4.1: EHLO and HELO must be refused with 5xx.
  foreignHello: fixedReply(500, '5.5.1', 'This is LMTP: say LHLO'),
  helloFirst: fixedReply(503, '5.5.1', 'Say LHLO first'),
  // RFC 2033 4.2.
  noRecipients: fixedReply(503, '5.5.1', 'No valid recipients'),
  help: fixedReply(214, '2.0.0', [
    'Commands: LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT',
    'See RFC 2033',
  ]),
  answersEachRecipient: true,
};
