// A message or a recipient that was not taken, with the reply for the client: that of a central server, or a temporary one of our own.

import { SluiceError } from '../errors/sluice-error.ts';
import type { RemoteReply } from '../protocol/smtp/client/client-types.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';

export class FrontError extends SluiceError {
  readonly reply: Reply;
  readonly why: string;

  /** @param why - for the log, where the reply does not say it */
  constructor(reply: Reply, why = '') {
    const text = typeof reply.text === 'string' ? reply.text : reply.text.join(' ');
    super('FRONT_NOT_TAKEN', `The central server has not taken the mail: ${why === '' ? text : why}.`);
    this.reply = reply;
    this.why = why === '' ? text : why;
  }
}

/** RFC 3463 X.4.1: no answer from the host. */
export const unreachable: Reply = {
  code: 451,
  enhanced: '4.4.1',
  text: 'No central server can be reached now, try again later',
};

/** Each server has as many connections as it may. */
export const allBusy: Reply = {
  code: 451,
  enhanced: '4.3.2',
  text: 'Too many connections to the central servers, try again later',
};

/** RFC 3463 X.4.2: bad connection. Whether the message was taken is not known, so that it may come twice. */
export const lost: Reply = {
  code: 451,
  enhanced: '4.4.2',
  text: 'The central server gave no answer, try again later',
};

/** RFC 3463 X.3.5: a system is configured incorrectly. The fault is between the two servers, and not the client's. */
export const misunderstood: Reply = {
  code: 451,
  enhanced: '4.3.5',
  text: 'The central server does not understand this front end, try again later',
};

/** RFC 5321 4.2.3: a command that is not known, not there, or out of order. Clients cannot cause that. */
export function isMisunderstood({ code }: Pick<RemoteReply, 'code'>): boolean {
  return code === 500 || code === 502 || code === 503;
}

/** A reply of a central server that is not 2xx, as our own: 421 would end the session of the client, and what is no refusal is a fault of the server. */
export function asRefusal({
  code,
  enhanced,
  lines,
}: Pick<RemoteReply, 'code' | 'enhanced' | 'lines'>): Reply {
  if (code < 400) return lost;
  if (isMisunderstood({ code })) return misunderstood;
  const text = lines.length === 0 ? 'The central server has refused' : lines;
  return { code: code === 421 ? 451 : code, enhanced: enhanced === '' ? undefined : enhanced, text };
}
