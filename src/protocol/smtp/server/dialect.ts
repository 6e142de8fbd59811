// What a server session does differently for each protocol that it can speak: SMTP (RFC 5321), and LMTP, which is SMTP for the
// last hop (RFC 2033).

import { Verb } from './command-verb.ts';
import { type FixedReply, Replies } from './replies.ts';

export interface Dialect {
  /** As in the greeting and in texts of replies. */
  readonly name: 'SMTP' | 'LMTP';
  /** The verb, a number of `Verb`, that says hello and asks for the extensions. */
  readonly extendedHello: number;
  /** The verb that says hello without extensions; undefined when there is none. */
  readonly plainHello: number | undefined;
  /** The answer to a verb that says hello in another protocol. */
  readonly foreignHello: FixedReply;
  readonly helloFirst: FixedReply;
  /** The answer to content when no recipient was accepted. */
  readonly noRecipients: FixedReply;
  readonly help: FixedReply;
  /** Whether the end of the content is answered once for each recipient, in the order of the accepted RCPT commands. */
  readonly answersEachRecipient: boolean;
}

export const smtp: Dialect = {
  name: 'SMTP',
  extendedHello: Verb.ehlo,
  plainHello: Verb.helo,
  foreignHello: Replies.unrecognized,
  helloFirst: Replies.helloFirst,
  noRecipients: Replies.noRecipients,
  help: Replies.help,
  answersEachRecipient: false,
};
