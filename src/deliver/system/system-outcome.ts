// What becomes of a recipient when the run that delivered as its user has ended. A run without a report has said nothing about the mail: that is
// tried again, and may be delivered twice.

import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import { replaceUnprintableRuns } from '../../values/unprintable.ts';
import { failed } from '../pipe/end-outcome.ts';
import type { PipeEnd } from '../pipe/programs.ts';
import { deliveredToLine, type PipeFacts } from '../pipe/pipe-values.ts';
import { readReport, type SystemReport } from './job.ts';
import type { SystemEnd } from './system-runs.ts';

/** Of what stands in logs and reports. */
const mostCharacters = 500;

/** @param at - the index of the recipient in the transaction */
export function outcomeOfSystemEnd(end: SystemEnd, facts: PipeFacts, at: number): RecipientOutcome {
  if (end.kind === 'busy') {
    const text = shown(`it waits for its turn: ${end.reason}`);
    const failure = { kind: 'unsent', during: 'content', code: 451, enhanced: '4.3.0', text } as const;
    return { recipient: at, result: 'tempfail', failure, retryInMs: end.retryInMs };
  }
  const report = end.kind === 'done' || end.kind === 'fault' ? end : reportOf(end);
  if (typeof report === 'string') return failed(at, '4.3.0', shown(report));
  if (report.kind === 'fault') return failed(at, report.status, shown(report.text));
  return delivered(report, facts, at);
}

function delivered(
  { did, onward }: Extract<SystemReport, { readonly kind: 'done' }>,
  facts: PipeFacts,
  recipient: number,
): RecipientOutcome {
  const words = onward === undefined ? did : [...did, `forwarded to ${onward.recipients.join(', ')}`];
  const reply = {
    code: 250,
    enhanced: '2.1.5',
    lines: [shown(words.length === 0 ? 'the file of the user asks for nothing' : words.join('; '))],
    command: 'content',
  } as const;
  if (onward === undefined) return { recipient, result: 'delivered', reply };
  const { verp, isExpanded, ...to } = onward;
  // An alias may stand for the user of its name, whose delivery would find itself in it.
  const fields = isExpanded === true ? '' : deliveredToLine(facts).replace('\n', '\r\n');
  const mail = {
    reason: isExpanded === true ? ('alias' as const) : ('forward' as const),
    ...to,
    fields,
    ...(verp !== undefined && { verp }),
    ...(isExpanded === true && { isExpanded }),
  };
  return { recipient, result: 'delivered', reply, onward: { mails: [mail], hasCopy: did.length > 0 } };
}

function reportOf(end: PipeEnd): SystemReport | string {
  const report = end.kind === 'ended' && end.code === 0 ? readReport(end.printed) : undefined;
  return report ?? whyNoReport(end);
}

function whyNoReport(end: PipeEnd): string {
  const printed = end.printed.trim() === '' ? '' : `; it said: ${end.printed.trim()}`;
  switch (end.kind) {
    case 'ended':
      return `the delivery as the user ended with ${end.code}, without a report${printed}`;
    case 'killed':
      return `the delivery as the user was ended by ${end.name}${printed}`;
    case 'late':
      return 'the delivery as the user did not end in time';
    case 'talkative':
      return 'the delivery as the user printed too much';
    case 'broken-off':
      return 'the delivery as the user was ended, since Sluice stops';
    case 'refused':
      return `it was not delivered: ${end.reason}`;
    case 'not-started':
      return `the delivery as the user could not be started: ${end.code}`;
  }
}

function shown(text: string): string {
  return replaceUnprintableRuns(text.toWellFormed(), ' ').slice(0, mostCharacters);
}
