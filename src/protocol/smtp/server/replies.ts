// Encodes the replies of an SMTP server (RFC 5321 4.2, RFC 2034). Fixed replies are encoded once.
// Promises: a reply is well-formed for any text.

import { Buffer } from 'node:buffer';
import type { Reply } from './server-types.ts';
import { SessionMisuseError } from './session-misuse-error.ts';

/** RFC 5321 4.5.3.1.5 allows 512 octets for a line: the others are for code, separator, enhanced code and CRLF. */
const maxTextOctets = 480;

/** A text that can be sent unchanged on one line. */
const sendableText = /^[\x20-\x7e]{0,480}$/;

/** A reply that was encoded once, with its enhanced status code and, for clients that said HELO, without. */
export interface FixedReply {
  readonly code: number;
  readonly enhanced: string | undefined;
  readonly full: Buffer;
  readonly plain: Buffer;
}

/** Encodes a reply once for all sessions. */
export function fixedReply(
  code: number,
  enhanced: string | undefined,
  text: string | readonly string[],
): FixedReply {
  const plain = encodeReply(code, undefined, text, false);
  const full = enhanced === undefined ? plain : encodeReply(code, enhanced, text, false);
  return { code, enhanced, full, plain };
}

/** The reply in the form in which a caller composes one. */
export function asReply({ code, enhanced, plain }: FixedReply): Reply {
  const text = plain.toString('utf8', 4).trimEnd();
  // Of a caller's reply, `plain` is what the client got, too.
  const status = enhanced === undefined ? '' : `${enhanced} `;
  return { code, enhanced, text: text.startsWith(status) ? text.slice(status.length) : text };
}

/** The reply, if it is a refusal: 4xx or 5xx. @throws {SessionMisuseError} */
export function assertRefusal(reply: Reply): Reply {
  if (!(Number.isInteger(reply.code) && reply.code >= 400 && reply.code <= 599)) {
    throw new SessionMisuseError(
      `An SMTP session was told to refuse something with ${reply.code}, which is not 4xx or 5xx`,
    );
  }
  return reply;
}

/**
 * Encodes a caller's reply for one client.
 *
 * @param withEnhanced - whether this client gets the enhanced code
 * @param utf8 - whether the client asked for SMTPUTF8
 */
export function callerReply(reply: Reply, withEnhanced: boolean, utf8: boolean): FixedReply {
  const { code, text } = reply;
  const enhanced = withEnhanced ? reply.enhanced : undefined;
  const bytes = encodeReply(code, enhanced, text, utf8);
  return { code, enhanced, full: bytes, plain: bytes };
}

/**
 * Encodes a reply, on several lines if the text has several or is too long for one. Control characters become blanks, so that no
 * text can forge a reply. Characters outside ASCII become `?` unless the client asked for SMTPUTF8 (RFC 6531 3.7.4.2).
 */
export function encodeReply(
  code: number,
  enhanced: string | undefined,
  text: string | readonly string[],
  utf8: boolean,
): Buffer {
  const status = enhanced === undefined ? '' : `${enhanced} `;
  if (typeof text === 'string' && sendableText.test(text)) {
    return Buffer.from(`${code} ${status}${text}\r\n`, 'latin1');
  }
  const lines: string[] = [];
  for (const line of typeof text === 'string' ? [text] : text) wrapInto(lines, printable(line, utf8));
  if (lines.length === 0) lines.push('');
  let encoded = '';
  for (const [index, line] of lines.entries()) {
    // RFC 2034 4: the enhanced code is repeated on every line.
    encoded += `${code}${index < lines.length - 1 ? '-' : ' '}${status}${line}\r\n`;
  }
  return Buffer.from(encoded, 'utf8');
}

/**
 * Encodes further lines for the beginning of a reply (RFC 5321 4.2.1), in ASCII.
 * @param reply - encoded: it begins with the code, and with the enhanced code where it has one
 */
export function continuationLines(reply: Buffer, texts: readonly string[]): Buffer {
  const [code = ''] = /^\d{3}/.exec(reply.toString('latin1', 0, 3)) ?? [];
  // RFC 2034 4: the enhanced code is on every line.
  const [status = ''] = /^[245]\.\d{1,3}\.\d{1,3} /.exec(reply.toString('latin1', 4, 16)) ?? [];
  const lines: string[] = [];
  for (const text of texts) wrapInto(lines, printable(text, false));
  return Buffer.from(lines.map((line) => `${code}-${status}${line}\r\n`).join(''), 'latin1');
}

function printable(line: string, utf8: boolean): string {
  const safe = line.replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, ' ').toWellFormed();
  return utf8 ? safe : safe.replaceAll(/[^\x20-\x7e]/gu, '?');
}

function wrapInto(lines: string[], line: string): void {
  let rest = line;
  while (Buffer.byteLength(rest) > maxTextOctets) {
    // A character takes up to three octets of UTF-8 for each UTF-16 unit.
    const most = Buffer.byteLength(rest) === rest.length ? maxTextOctets : maxTextOctets / 3;
    const blank = rest.lastIndexOf(' ', most);
    let cut = blank > 0 ? blank : most;
    if ((rest.charCodeAt(cut) & 0xfc00) === 0xdc00) cut--; // never between the halves of a surrogate pair
    lines.push(rest.slice(0, cut));
    rest = rest.slice(blank > 0 ? cut + 1 : cut);
  }
  lines.push(rest);
}

/** The fixed replies. Codes are those of RFC 5321 4.2.2 and 4.2.3, enhanced codes those of RFC 3463. */
export const Replies = {
  mailOk: fixedReply(250, '2.1.0', 'Sender ok'),
  rcptOk: fixedReply(250, '2.1.5', 'Recipient ok'),
  startMailInput: fixedReply(354, undefined, 'End data with <CR><LF>.<CR><LF>'),
  chunkOk: fixedReply(250, '2.0.0', 'Chunk ok'),
  ok: fixedReply(250, '2.0.0', 'Ok'),
  help: fixedReply(214, '2.0.0', [
    'Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT',
    'See RFC 5321',
  ]),
  cannotVerify: fixedReply(252, '2.5.0', 'Cannot VRFY, but will accept the message and attempt delivery'),
  unrecognized: fixedReply(500, '5.5.2', 'Command not recognized'),
  controlCharacter: fixedReply(500, '5.5.2', 'Control character in a command'),
  controlCharacterLast: fixedReply(500, '5.5.2', 'Control character in a command; closing the connection'),
  bareNewline: fixedReply(
    500,
    '5.5.2',
    'Commands end with CRLF, not with CR or LF alone; closing the connection',
  ),
  lineTooLong: fixedReply(500, '5.5.2', 'Command line too long'),
  lineTooLongLast: fixedReply(500, '5.5.2', 'Command line too long; closing the connection'),
  notUtf8: fixedReply(500, '5.5.2', 'Command is not valid UTF-8'),
  notUtf8Last: fixedReply(500, '5.5.2', 'Command is not valid UTF-8; closing the connection'),
  noArgument: fixedReply(501, '5.5.4', 'Command takes no argument'),
  argumentMissing: fixedReply(501, '5.5.4', 'Command needs an argument'),
  helloSyntax: fixedReply(501, '5.5.4', 'Say HELO or EHLO with your host name or address literal'),
  mailSyntax: fixedReply(501, '5.5.4', 'Syntax: MAIL FROM:<address> [parameters]'),
  rcptSyntax: fixedReply(501, '5.5.4', 'Syntax: RCPT TO:<address> [parameters]'),
  bdatSyntax: fixedReply(501, '5.5.4', 'Syntax: BDAT size [LAST]; closing the connection'),
  notImplemented: fixedReply(502, '5.5.1', 'Command not implemented'),
  startTls: fixedReply(220, '2.0.0', 'Ready to start TLS'),
  /** RFC 3207 4. */
  tlsFirst: fixedReply(530, '5.7.0', 'Must issue a STARTTLS command first'),
  tlsAlready: fixedReply(503, '5.5.1', 'TLS is in use already'),
  tlsInTransaction: fixedReply(503, '5.5.1', 'STARTTLS is not possible in a mail transaction'),
  /** RFC 4954 4 and 6. */
  authenticated: fixedReply(235, '2.7.0', 'Authentication succeeded'),
  authenticatedAlready: fixedReply(503, '5.5.1', 'You are authenticated already'),
  authInTransaction: fixedReply(503, '5.5.1', 'AUTH is not possible in a mail transaction'),
  authSyntax: fixedReply(501, '5.5.4', 'Syntax: AUTH mechanism [initial-response]'),
  authNeedsTls: fixedReply(538, '5.7.11', 'This mechanism needs TLS: issue STARTTLS first'),
  noSuchMechanism: fixedReply(504, '5.5.4', 'This mechanism is not offered'),
  authCancelled: fixedReply(501, '5.7.0', 'Authentication cancelled'),
  responseSyntax: fixedReply(501, '5.5.2', 'The response is not base64'),
  responseTooLong: fixedReply(500, '5.5.6', 'Authentication exchange line is too long'),
  frontEndsOnly: fixedReply(550, '5.7.0', 'Your address may not tell about other clients'),
  frontEndInTransaction: fixedReply(503, '5.5.1', 'Not possible in a mail transaction'),
  xclientFirst: fixedReply(503, '5.5.1', 'Say XCLIENT with ADDR first'),
  attributes: fixedReply(501, '5.5.4', 'Malformed, unknown or repeated attribute'),
  etrnSyntax: fixedReply(501, '5.5.4', 'Write ETRN and a domain, @domain or #queue (RFC 1985)'),
  etrnInTransaction: fixedReply(503, '5.5.1', 'Not possible in a mail transaction'),
  helloFirst: fixedReply(503, '5.5.1', 'Say HELO or EHLO first'),
  nestedMail: fixedReply(503, '5.5.1', 'A mail transaction is already open'),
  mailFirst: fixedReply(503, '5.5.1', 'MAIL first'),
  bdatUnderWay: fixedReply(503, '5.5.1', 'A message is being sent by BDAT: finish it, or RSET'),
  noRecipients: fixedReply(554, '5.5.1', 'No valid recipients'),
  tooManyRecipients: fixedReply(452, '4.5.3', 'Too many recipients'),
  parameterSyntax: fixedReply(501, '5.5.4', 'Malformed parameter'),
  parameterTwice: fixedReply(501, '5.5.4', 'Parameter given twice'),
  verpDelimiters: fixedReply(501, '5.5.4', 'XVERP needs two of the characters - = +'),
  verpNeedsSender: fixedReply(503, '5.5.4', 'XVERP needs a sender'),
  parameterValue: fixedReply(501, '5.5.4', 'Parameter value not allowed'),
  parameterUnknown: fixedReply(555, '5.5.4', 'Parameter not recognized or not implemented'),
  utf8Needed: fixedReply(553, '5.6.7', 'Address is not ASCII: this needs SMTPUTF8'),
  tooBig: fixedReply(552, '5.3.4', 'Message is larger than allowed here'),
  bareNewlineInContent: fixedReply(550, '5.6.0', 'Message has a CR or LF alone: lines must end with CRLF'),
  textLineTooLong: fixedReply(554, '5.6.0', 'Message has a line that is longer than allowed here'),
} as const;
