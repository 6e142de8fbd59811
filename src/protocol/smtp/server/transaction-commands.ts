// Reads the command lines of MAIL, RCPT, HELO and EHLO: each becomes a question for the caller, or the reply that refuses it.

import { pathStart, readPath } from './command-path.ts';
import { readMailParameters } from './mail-parameters.ts';
import { recipientRefusal, senderRefusal } from './path-refusals.ts';
import { readRcptParameters } from './rcpt-parameters.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { Leniency, ServerEvent, ServerSessionOptions } from './server-types.ts';
import type { SessionFacts } from './session-facts.ts';

type MailContext = Pick<SessionFacts, 'options' | 'leniency' | 'maxMessageBytes' | 'takesRequireTls'>;
type QuestionOf<K> = Extract<ServerEvent, { readonly kind: K }>;

const reversePath = { allowUtf8: true, allowNull: true };
const forwardPath = { allowUtf8: true, allowPostmaster: true };

/** RFC 5321 4.5.3.1.2. */
const maxHelloOctets = 255;

/** HELO or EHLO. The caller decides whether it accepts the name (RFC 5321 4.1.4). @param text - the line after the verb */
export function readHello(
  text: string,
  extended: boolean,
  { oddCommands }: Leniency,
): QuestionOf<'hello'> | FixedReply {
  const name = text.trim();
  // RFC 5321 4.1.1.1: the name is one word.
  if (!oddCommands && (name === '' || name.includes(' '))) return Replies.helloSyntax;
  if (name.length > maxHelloOctets) return Replies.helloSyntax;
  return { kind: 'hello', extended, name };
}

/**
 * MAIL (RFC 5321 4.1.1.2).
 *
 * @param text - the line after the verb
 */
export function readMail(
  text: string,
  { options, leniency, maxMessageBytes, takesRequireTls }: MailContext,
): QuestionOf<'mail'> | FixedReply {
  const start = pathStart(text, 'from', leniency);
  if (start < 0) return Replies.mailSyntax;
  const path = readPath(text, start, reversePath, leniency);
  if (path.kind === 'invalid') return senderRefusal(path.reason);
  const takesVerp = leniency.xverp === true;
  const read = readMailParameters(text, path.end, options.extensions, { takesRequireTls, takesVerp });
  if ('refusal' in read) return read.refusal;
  const { params } = read;
  if (params.verp !== undefined && path.address === '') return Replies.verpNeedsSender;
  // RFC 6531 3.5.
  if (path.nonAscii && !params.smtpUtf8) return Replies.utf8Needed;
  // RFC 1870 6.1.
  if (maxMessageBytes > 0 && params.sizeBytes > maxMessageBytes) return Replies.tooBig;
  return { kind: 'mail', reversePath: path.address, params };
}

/**
 * RCPT (RFC 5321 4.1.1.3).
 *
 * @param text - the line after the verb
 * @param smtpUtf8 - whether SMTPUTF8 was given on MAIL
 */
export function readRcpt(
  text: string,
  options: ServerSessionOptions,
  leniency: Leniency,
  smtpUtf8: boolean,
): QuestionOf<'rcpt'> | FixedReply {
  const start = pathStart(text, 'to', leniency);
  if (start < 0) return Replies.rcptSyntax;
  const path = readPath(text, start, forwardPath, leniency);
  if (path.kind === 'invalid') return recipientRefusal(path.reason);
  const read = readRcptParameters(text, path.end, options.extensions, smtpUtf8);
  if ('refusal' in read) return read.refusal;
  // RFC 6531 3.5.
  if (path.nonAscii && !smtpUtf8) return Replies.utf8Needed;
  return { kind: 'rcpt', forwardPath: path.address, params: read.params };
}
