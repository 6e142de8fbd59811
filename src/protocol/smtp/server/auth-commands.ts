// AUTH (RFC 4954): reads the command and the responses of the client, which are base64, and writes challenges.

import { initialResponseOf, responseOf } from '../../sasl-response.ts';
import type { CommandLineReader, LineVerdict } from './command-line-reader.ts';
import { Verb } from './command-verb.ts';
import { fixedAnswer } from './fixed-answer.ts';
import { type FixedReply, Replies } from './replies.ts';
import type { ServerEvent } from './server-types.ts';
import type { SessionFacts } from './session-facts.ts';

/** RFC 4954 4: the command and the responses, with their CRLF. */
export const longestAuthLine = 12_288;

type AuthQuestion = Extract<ServerEvent, { readonly kind: 'auth' }>;

/** A response: its bytes, or why there is none. */
export type AuthResponse = { readonly kind: 'response'; readonly bytes: Uint8Array } | FixedReply;

/** Mechanisms that are offered now. */
export function offeredMechanisms({
  options: { auth },
  isSecure,
  isBindable,
  isIdentified,
}: Pick<SessionFacts, 'options' | 'isSecure' | 'isBindable' | 'isIdentified'>): readonly string[] {
  if (auth === undefined) return [];
  if (!isSecure) return auth.clear;
  if (isBindable && isIdentified) return auth.secure;
  // RFC 5801 8: what binds to the connection has a name with this end.
  return auth.secure.filter((name) =>
    name.endsWith('-PLUS') ? isBindable : name !== 'EXTERNAL' || isIdentified,
  );
}

export function judgeAuth(lines: CommandLineReader, facts: SessionFacts): FixedReply | AuthQuestion {
  const { options, dialect, transaction, saidHello, isAuthenticated, isSecure } = facts;
  if (options.auth === undefined) return fixedAnswer(Verb.auth, dialect);
  if (!saidHello) return dialect.helloFirst;
  if (isAuthenticated) return Replies.authenticatedAlready;
  if (transaction.open) return Replies.authInTransaction;
  // Some clients send several spaces (Windows Mail).
  const [name = '', response, ...more] = lines
    .text(4)
    .split(' ')
    .filter((word) => word !== '');
  if (name === '' || more.length > 0) return Replies.authSyntax;
  const mechanism = name.toUpperCase();
  if (!offeredMechanisms(facts).includes(mechanism)) {
    const needsTls = !isSecure && options.auth.secure.includes(mechanism);
    return needsTls ? Replies.authNeedsTls : Replies.noSuchMechanism;
  }
  if (response === undefined) return { kind: 'auth', mechanism, response: undefined };
  const bytes = initialResponseOf(response);
  return bytes === undefined ? Replies.responseSyntax : { kind: 'auth', mechanism, response: bytes };
}

/** Judges a line that came in answer to a challenge. */
export function judgeResponse(
  verdict: Exclude<LineVerdict, 'none' | 'bare' | 'tls'>,
  lines: CommandLineReader,
): AuthResponse {
  if (verdict === 'too-long') return Replies.responseTooLong;
  if (verdict !== 'line') return Replies.responseSyntax;
  const text = lines.text(0);
  if (text === '*') return Replies.authCancelled;
  const bytes = responseOf(text);
  return bytes === undefined ? Replies.responseSyntax : { kind: 'response', bytes };
}

/** RFC 4954 4: `334`, a space, and the challenge in base64, which may be empty. It is one line however long it is. */
export function challengeReply(bytes: Uint8Array): FixedReply {
  const line = Buffer.from(`334 ${Buffer.from(bytes).toString('base64')}\r\n`, 'latin1');
  return { code: 334, enhanced: undefined, full: line, plain: line };
}
