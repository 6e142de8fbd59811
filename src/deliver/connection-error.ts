// What is told of a connection that never became ready: why, and to whom it was.

import type { RemoteReply } from '../protocol/smtp/client/client-session.ts';
import { replyText } from '../protocol/smtp/client/error-text.ts';
import type { ConnectedPlace } from './types.ts';

/**
 * One line: `421 4.7.0 too many (greeting of mx.example[192.0.2.1]:25)` when the server said so, with the reply first, as
 * rules and DSNs look for its code at the start; else `mx.example[192.0.2.1]:25: connection refused`.
 */
export function connectionError(
  grant: ConnectedPlace,
  reason: string,
  reply: RemoteReply | undefined,
): string {
  const peer = `${grant.host}[${grant.ip}]:${grant.port}`;
  if (reply === undefined || reply.code < 400) return `${peer}: ${reason}`;
  const answered = reply.command === 'connect' ? 'greeting' : `reply to ${reply.command}`;
  return `${replyText(reply)} (${answered} of ${peer})`;
}
