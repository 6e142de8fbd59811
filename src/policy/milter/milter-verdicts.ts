// From the verdict of a milter to that of a stage.

import type { MilterVerdict } from '../../protocol/milter/milter-events.ts';
import type { MilterReply } from '../../protocol/milter/reply-code.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { goOn, type Verdict } from '../stage.ts';

const rejected: Reply = { code: 550, enhanced: '5.7.1', text: 'Refused by a filter of this server' };
const deferred: Reply = {
  code: 451,
  enhanced: '4.7.1',
  text: 'A filter of this server cannot take this now, try again later',
};
const closing: Reply = { code: 421, enhanced: '4.7.0', text: 'A filter of this server ends the session' };

/** @param stage - the name of the stage, for the log */
export function verdictOf({ kind, reply }: MilterVerdict, stage: string): Verdict {
  switch (kind) {
    case 'continue':
    case 'accept':
      return goOn;
    case 'discard':
      return { kind: 'discard', reason: `the milter ${stage} has discarded it` };
    case 'reject':
    case 'tempfail':
      return {
        kind,
        reply: reply === undefined ? (kind === 'reject' ? rejected : deferred) : replyOf(reply),
      };
    case 'shutdown':
      return { kind: 'disconnect', reply: closing };
    case 'connection-failure':
      return { kind: 'drop' };
  }
}

function replyOf({ code, enhanced, lines }: MilterReply): Reply {
  return { code, enhanced, text: lines };
}
