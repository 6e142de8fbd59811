// What is answered to a path that could not be read: 501 with the reason (RFC 5321 4.2.2, RFC 3463 3.2).

import type { AddressFault } from '../../../address/address-fault.ts';
import { describeAddressFault } from '../../../address/address-fault.ts';
import type { FixedReply } from './replies.ts';
import { fixedReply, Replies } from './replies.ts';

const sender = new Map<AddressFault, FixedReply>();
const recipient = new Map<AddressFault, FixedReply>();

/** The reply to a bad path of MAIL: 5.1.7, bad sender's mailbox address syntax. */
export function senderRefusal(fault: AddressFault): FixedReply {
  return fault === 'no-brackets' ? Replies.mailSyntax : refusal(sender, fault, '5.1.7', 'Bad sender address');
}

/** The reply to a bad path of RCPT: 5.1.3, bad destination mailbox address syntax. */
export function recipientRefusal(fault: AddressFault): FixedReply {
  return fault === 'no-brackets'
    ? Replies.rcptSyntax
    : refusal(recipient, fault, '5.1.3', 'Bad recipient address');
}

function refusal(
  made: Map<AddressFault, FixedReply>,
  fault: AddressFault,
  enhanced: string,
  what: string,
): FixedReply {
  let reply = made.get(fault);
  if (reply === undefined) {
    reply = fixedReply(501, enhanced, `${what}: ${describeAddressFault(fault)}`);
    made.set(fault, reply);
  }
  return reply;
}
