// The verdicts in the place of answers of stages that fail. Each knows why, for the log.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { replaceUnprintableRuns } from '../values/unprintable.ts';
import { verdictFault } from './check-verdict.ts';
import type { Member } from './decision.ts';
import type { Point, Verdict } from './stage.ts';

/** X.3.0: a fault of our own system (RFC 3463 3.4). */
const failedReply: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'A check of this server failed, try again later',
};
/** More sessions ask it than it has places for. */
const busyReply: Reply = {
  code: 451,
  enhanced: '4.3.2',
  text: 'A check of this server is busy, try again later',
};
const failedDisconnect: Reply = { ...failedReply, code: 421 };

/** Of each verdict that was made here. */
const reasons = new WeakMap<Verdict, string>();

/** Not `goOn`, which is an answer. */
const goesOn: Verdict = { kind: 'continue' };
reasons.set(goesOn, '');

/** The longest reason that a line of the log has. */
const mostReasonChars = 500;

/** @param why - it failed, as a sentence without a full stop */
export function insteadOf({ stage, onFailure }: Member, point: Point, why: string): Verdict {
  switch (onFailure) {
    case 'continue':
      return goesOn;
    case 'disconnect':
      return because(why, { kind: 'disconnect', reply: failedDisconnect });
    case 'tempfail':
      return failed(why);
    case 'quarantine': {
      const held: Verdict = { kind: 'quarantine', reason: `the check "${stage}" failed` };
      return verdictFault(held, point) === undefined ? because(why, held) : failed(why);
    }
  }
}

export function failed(why: string): Verdict {
  return because(why, { kind: 'tempfail', reply: failedReply });
}

export function busy(why: string): Verdict {
  return because(why, { kind: 'tempfail', reply: busyReply });
}

/** Is it in the place of an answer? */
export function isSubstitute(verdict: Verdict): boolean {
  return reasons.has(verdict);
}

/** Why a stage has failed, one line; undefined when this is an answer. */
export function reasonOf(verdict: Verdict): string | undefined {
  return reasons.get(verdict);
}

function because(why: string, verdict: Verdict): Verdict {
  reasons.set(verdict, replaceUnprintableRuns(why, ' ').slice(0, mostReasonChars));
  return verdict;
}
