// Commands whose answer never depends on anything: NOOP, HELP, and those that are not offered.
import { VERB } from './command-verb.ts';
import type { FixedReply } from './replies.ts';
import { REPLIES } from './replies.ts';

/** The answer to a verb that the session itself has nothing to do for. */
export function fixedAnswer(verb: number): FixedReply {
  switch (verb) {
    case VERB.noop:
      return REPLIES.ok;
    case VERB.help:
      return REPLIES.help;
    case VERB.expn:
    case VERB.auth:
    case VERB.starttls:
      return REPLIES.notImplemented; // RFC 5321 4.2.4: known, but not here
    default:
      return REPLIES.unrecognized;
  }
}
