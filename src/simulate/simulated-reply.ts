// The replies of simulated hosts as refusals, such as a sender process makes of what a server says.

import { remoteRefusal, type Peer, type Refusal } from '../message/refusal.ts';
import type { RepliedCommand } from '../protocol/smtp/client/client-types.ts';

/** Code, enhanced status if there is one, text (RFC 5321 4.2, RFC 2034 4). */
const replyPattern = /^([45]\d\d)(?: ([245]\.\d{1,3}\.\d{1,3})(?= |$))?(?: (.*))?$/;

/** @param reply - as the model of the host has it: `450 4.7.1 Greylisted` */
export function simulatedReply(peer: Peer, command: RepliedCommand, reply: string): Refusal {
  const [, code = '451', enhanced = '', text = ''] = replyPattern.exec(reply) ?? [];
  const isPermanent = command !== 'connect' && code.startsWith('5');
  return remoteRefusal(peer, { code: Number(code), enhanced, lines: [text], command }, isPermanent);
}
