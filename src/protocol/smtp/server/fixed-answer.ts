// Commands whose answer never depends on anything: NOOP, HELP, and those that are not offered.

import { Verb } from './command-verb.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';

/** The answer to a verb that the session itself has nothing to do for. */
export function fixedAnswer(verb: number): FixedReply {
  switch (verb) {
    case Verb.noop:
      return Replies.ok;
    case Verb.help:
      return Replies.help;
    case Verb.expn:
    case Verb.auth:
    case Verb.starttls:
      return Replies.notImplemented; // RFC 5321 4.2.4: known, but not here
    default:
      return Replies.unrecognized;
  }
}
