// What the answer of another server says about a recipient. Promise: only what is said about the recipient counts as an answer; what is said about
// us, our sender, or the state of that server is none, and never makes a recipient unknown.

import type { RemoteReply } from '../../protocol/smtp/client/client-types.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import { exists, type RecipientAnswer, unknown } from '../../policy/recipients/recipient-source.ts';
import type { AskOutcome, FullMailbox } from './call-ahead-types.ts';

/** What is said to clients is ours: the words of the server behind are its own business. */
const fullForNow: RecipientAnswer = {
  kind: 'refused',
  reply: { code: 452, enhanced: '4.2.2', text: 'This mailbox is full, try again later' },
};
const full: RecipientAnswer = {
  kind: 'refused',
  reply: { code: 552, enhanced: '5.2.2', text: 'This mailbox is full' },
};
const disabled: RecipientAnswer = {
  kind: 'refused',
  reply: { code: 550, enhanced: '5.2.1', text: 'This mailbox takes no mail' },
};
/** RFC 6531 3.5: the server does not take such an address. */
const needsUtf8: RecipientAnswer = {
  kind: 'refused',
  reply: { code: 553, enhanced: '5.6.7', text: 'No address with other characters than ASCII is known here' },
};

/**
 * RFC 3463 3.2: statuses about the address of the recipient. X.1.7 and X.1.8 are about the sender, X.1.2 about a domain that the server does not
 * know, which is a mistake of one of the two configurations.
 */
const unknownStatus = /^5\.(?:1\.(?:0|1|3|4|6|10)|4\.1|5\.0)$/;
/** Of a server without enhanced codes. 511 is qmail's; 554 and 552 may be about anything. */
const unknownCodes: ReadonlySet<number> = new Set([511, 550, 551, 553]);

/** @param mailboxFull - what a full mailbox means */
export function readOutcome(outcome: AskOutcome, mailboxFull: FullMailbox): RecipientAnswer {
  switch (outcome.kind) {
    case 'accepted':
      return exists;
    case 'nobody':
      return { kind: 'refused', reply: outcome.reply };
    case 'unasked':
      return { kind: 'failing', reason: outcome.reason };
    case 'refused':
      break;
  }
  const { failure } = outcome;
  if (failure.kind === 'unsent' && failure.enhanced === '5.6.7') return needsUtf8;
  if (failure.kind === 'reply' && failure.reply.command === 'RCPT') {
    const said = aboutRecipient(failure.reply, mailboxFull);
    if (said !== undefined) return said;
  }
  return { kind: 'failing', reason: failureText(failure) };
}

/** Undefined: it is not about the recipient, or for now only. */
function aboutRecipient(
  { code, enhanced }: RemoteReply,
  mailboxFull: FullMailbox,
): RecipientAnswer | undefined {
  const [, subject, detail] = enhanced.split('.');
  if (subject === '2' && detail === '2') return ofFullMailbox(code, mailboxFull);
  if (code < 500) return undefined;
  if (enhanced === '') return code === 552 ? ofFullMailbox(code, mailboxFull) : byCode(code);
  if (unknownStatus.test(enhanced)) {
    // Other servers than those of Microsoft say 5.5.0 of any mistake.
    return enhanced === '5.5.0' && code !== 550 ? undefined : unknown;
  }
  if (subject !== '2') return undefined;
  // RFC 3463 3.3: X.2.3 is about the length of a message, of which nothing was said.
  return detail === '3' ? exists : disabled;
}

function byCode(code: number): RecipientAnswer | undefined {
  return unknownCodes.has(code) ? unknown : undefined;
}

function ofFullMailbox(code: number, mailboxFull: FullMailbox): RecipientAnswer {
  if (mailboxFull === 'accept') return exists;
  return mailboxFull === 'reject' && code >= 500 ? full : fullForNow;
}
