// The answers to commands that do not depend on the state of the session: NOOP, HELP, and commands that are not offered.

import { Verb } from './command-verb.ts';
import type { Dialect } from './dialect.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';

/** The answer to a verb for which the session does nothing else. */
export function fixedAnswer(verb: number, dialect: Dialect): FixedReply {
  switch (verb) {
    case Verb.noop:
      return Replies.ok;
    case Verb.help:
      return dialect.help;
    case Verb.expn:
    case Verb.auth:
    case Verb.starttls:
      return Replies.notImplemented; // RFC 5321 4.2.4: recognized, but not implemented
    default:
      return Replies.unrecognized;
  }
}
