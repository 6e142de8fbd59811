// Verdicts of a server of QMQP or QMTP that no reply of SMTP stands for, and those of replies.

import type { SaidReply } from './smtp-replies.ts';
import type { Verdict } from './verdict.ts';

export const badSender: Verdict = { kind: 'permanent', enhanced: '5.1.7', text: 'Bad sender address' };
export const badRecipient: Verdict = { kind: 'permanent', enhanced: '5.1.3', text: 'Bad recipient address' };
export const noRecipients: Verdict = { kind: 'permanent', enhanced: '5.5.1', text: 'No recipients' };
export const notStored: Verdict = { kind: 'temporary', enhanced: '4.3.0', text: 'Message could not be kept' };
export const ended: Verdict = { kind: 'temporary', enhanced: '4.3.2', text: 'The session has ended' };

export function verdictOf({ code, enhanced, text }: SaidReply): Verdict {
  const kind = code < 400 ? 'taken' : code < 500 ? 'temporary' : 'permanent';
  return { kind, enhanced, text };
}
