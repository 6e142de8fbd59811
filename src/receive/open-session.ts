// The session of a connection, by the protocol of its listener.

import { PackageServerSession } from '../protocol/netstring/server-session.ts';
import type { InputQueue } from '../protocol/smtp/server/input-queue.ts';
import { ServerSession } from '../protocol/smtp/server/server-session.ts';
import type { Leniency } from '../protocol/smtp/server/server-types.ts';
import { PackageContent } from './package-content.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { Waiting } from './session-waiting.ts';

/** @param client - IP address; empty for a program of this host */
export function openSession(
  context: ReceiveContext,
  client: string,
  leniency: Leniency,
  input: InputQueue,
  waiting: Waiting,
): ServerSession {
  const { session } = context.settings;
  const { protocol } = session;
  if (protocol !== 'qmqp' && protocol !== 'qmtp') return new ServerSession(session, leniency, input);
  const content = new PackageContent(context, waiting);
  return new PackageServerSession(protocol, session, leniency, input, content, heloOf(client));
}

/** These clients say no name: an address literal stands for it (RFC 5321 4.1.3). */
function heloOf(client: string): string {
  if (client === '') return 'localhost';
  return client.includes(':') ? `[IPv6:${client}]` : `[${client}]`;
}

/** What a client is told when it took too long; nothing where the protocol has no words for it. */
export function timeoutWords(session: ServerSession, hostname: string, why: string): string {
  return session instanceof PackageServerSession ? '' : `421 4.4.2 ${hostname} ${why}\r\n`;
}

/** The client has gone. */
export function leaveSession(session: ServerSession): void {
  if (session instanceof PackageServerSession) session.gone();
}
