// What a client session does in each phase, and which command a reply in that phase answers.

import type { ClientPhase, RepliedCommand } from './client-types.ts';
import type { ClientDialect } from './dialect.ts';

/** What the session does in each phase, for the text about a connection that was lost or timed out. */
const doingIn: Readonly<Record<ClientPhase, string>> = {
  greeting: 'waiting for the greeting',
  helo: 'waiting for the reply to EHLO',
  starttls: 'waiting for the reply to STARTTLS',
  handshake: 'in the TLS handshake',
  auth: 'logging in',
  idle: 'idle',
  mail: 'waiting for the reply to MAIL',
  rcpt: 'waiting for the reply to RCPT',
  data: 'waiting for the reply to DATA',
  content: 'sending the content',
  // RFC 1047: the server may have accepted the message. A second copy is better than a lost message.
  final: 'waiting for the reply to the content (the message may have been delivered)',
  rset: 'waiting for the reply to RSET',
  quit: 'waiting for the reply to QUIT',
  closed: 'closed',
};

/** The command that a reply in each phase answers. */
const commandIn: Readonly<Record<ClientPhase, RepliedCommand>> = {
  greeting: 'connect',
  helo: 'EHLO',
  starttls: 'STARTTLS',
  handshake: 'STARTTLS',
  auth: 'AUTH',
  idle: 'idle',
  mail: 'MAIL',
  rcpt: 'RCPT',
  data: 'DATA',
  content: 'content',
  final: 'content',
  rset: 'RSET',
  quit: 'QUIT',
  closed: 'QUIT',
};

/** What the session does in a phase, for the text about its end. */
export function doing(phase: ClientPhase, { hello }: ClientDialect): string {
  return phase === 'helo' ? `waiting for the reply to ${hello}` : doingIn[phase];
}

/** The command that a reply in a phase answers. @param triedHelo - HELO was sent after the server had refused EHLO */
export function answeredIn(phase: ClientPhase, { hello }: ClientDialect, triedHelo: boolean): RepliedCommand {
  if (phase !== 'helo') return commandIn[phase];
  return triedHelo ? 'HELO' : hello;
}
