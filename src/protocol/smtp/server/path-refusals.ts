// The replies to a path that cannot be parsed: 501 with the reason (RFC 5321 4.2.2, RFC 3463 3.2).

import type { AddressFault } from '../../../address/address-fault.ts';
import { describeAddressFault } from '../../../address/address-fault.ts';
import type { FixedReply } from './replies.ts';
import { fixedReply, Replies } from './replies.ts';

const senderReplies = new Map<AddressFault, FixedReply>();
const recipientReplies = new Map<AddressFault, FixedReply>();

/** The reply to a bad path of MAIL: 5.1.7, bad sender's mailbox address syntax. */
export function senderRefusal(fault: AddressFault): FixedReply {
  return fault === 'no-brackets'
    ? Replies.mailSyntax
    : cachedRefusal(senderReplies, fault, '5.1.7', 'Bad sender address');
}

/** The reply to a bad path of RCPT: 5.1.3, bad destination mailbox address syntax. */
export function recipientRefusal(fault: AddressFault): FixedReply {
  return fault === 'no-brackets'
    ? Replies.rcptSyntax
    : cachedRefusal(recipientReplies, fault, '5.1.3', 'Bad recipient address');
}

function cachedRefusal(
  cache: Map<AddressFault, FixedReply>,
  fault: AddressFault,
  enhanced: string,
  what: string,
): FixedReply {
  let reply = cache.get(fault);
  if (reply === undefined) {
    reply = fixedReply(501, enhanced, `${what}: ${describeAddressFault(fault)}`);
    cache.set(fault, reply);
  }
  return reply;
}
