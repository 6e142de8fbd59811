// Refusals for tests, from the words of a reply as people write it.

import { connectionRefusal, localRefusal, type Peer, type Refusal } from '../src/message/refusal.ts';
import { encodeRefusal, type EncodedRefusal } from '../src/message/refusal-form.ts';
import type { RepliedCommand } from '../src/protocol/smtp/client/client-types.ts';
import type { RecipientResult } from '../src/schedule/types.ts';
import { simulatedReply } from '../src/simulate/simulated-reply.ts';

export const farHost: Peer = { host: 'mx.test', endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } };

/** What a server has said: `550 5.1.1 no such user`. */
export function said(reply: string, command: RepliedCommand = 'RCPT', peer = farHost): Refusal {
  return simulatedReply(peer, command, reply);
}

/** The same in the form that the journal keeps. */
export function saidForm(reply: string): EncodedRefusal {
  return encodeRefusal(said(reply));
}

/** Words of our own, without a code. */
export function ours(text: string): Refusal {
  return localRefusal({ during: 'queue', code: 0, enhanced: '', text, permanent: false });
}

/** A connection that failed. */
export function broken(text: string, during: RepliedCommand = 'connect', peer = farHost): Refusal {
  return connectionRefusal(peer, during, text);
}

/** A recipient that a server has refused. */
export function refused(recipient: number, reply: string): RecipientResult {
  return { recipient, result: 'refused', refusal: said(reply) };
}

export function delivered(recipient: number): RecipientResult {
  return { recipient, result: 'delivered' };
}
