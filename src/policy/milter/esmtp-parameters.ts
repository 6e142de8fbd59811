// The parameters of MAIL and RCPT as their commands have them (RFC 5321 4.1.1.11), for milters, which get and give them as text.

import type { EnvelopeRecipient } from '../../message/envelope.ts';
import { encodeXtext } from '../../protocol/smtp/xtext.ts';
import type { MailParameters, RcptNotify, RcptParameters } from '../../protocol/smtp/server/server-types.ts';
import { readRcptParameters } from '../../protocol/smtp/server/rcpt-parameters.ts';
import { readMailParameters } from '../../protocol/smtp/server/mail-parameters.ts';

/** Those that a milter may set. */
const allowed = {
  pipelining: false,
  chunking: false,
  smtpUtf8: true,
  eightBitMime: true,
  dsn: true,
  size: true,
  vrfy: false,
};

export function mailParameters(params: MailParameters): readonly string[] {
  const { sizeBytes, body, smtpUtf8, ret, envelopeId, auth, requireTls, priority } = params;
  const all: string[] = [];
  if (sizeBytes > 0) all.push(`SIZE=${sizeBytes}`);
  if (body !== '7BIT') all.push(`BODY=${body}`);
  if (smtpUtf8) all.push('SMTPUTF8');
  if (ret !== undefined) all.push(`RET=${ret}`);
  if (envelopeId !== undefined) all.push(`ENVID=${encodeXtext(envelopeId)}`);
  if (auth !== undefined) all.push(`AUTH=${encodeXtext(auth)}`);
  if (requireTls === true) all.push('REQUIRETLS');
  if (priority !== undefined) all.push(`MT-PRIORITY=${priority}`);
  return all;
}

export function rcptParameters({
  notify,
  originalRecipient,
}: RcptParameters | EnvelopeRecipient): readonly string[] {
  const all: string[] = [];
  if (notify !== undefined) all.push(`NOTIFY=${notifyText(notify)}`);
  if (originalRecipient !== undefined) {
    const semicolon = originalRecipient.indexOf(';');
    const address = encodeXtext(originalRecipient.slice(semicolon + 1));
    all.push(`ORCPT=${originalRecipient.slice(0, semicolon)};${address}`);
  }
  return all;
}

function notifyText({ never, success, failure, delay }: RcptNotify): string {
  if (never) return 'NEVER';
  return [success && 'SUCCESS', failure && 'FAILURE', delay && 'DELAY'].filter(Boolean).join(',');
}

/** Reads NOTIFY and ORCPT. @throws {Error} with a clause, when the text has another parameter or cannot be read */
export function readRcpt(text: string): RcptParameters {
  const read = readRcptParameters(` ${text}`, 0, allowed, true);
  if ('refusal' in read)
    throw new Error(`it gave parameters of a recipient that are not known: ${excerpt(text)}`);
  return read.params;
}

/** Reads RET and ENVID. @throws {Error} with a clause, when the text cannot be read */
export function readMail(text: string): Pick<MailParameters, 'ret' | 'envelopeId'> {
  const read = readMailParameters(` ${text}`, 0, allowed, { takesRequireTls: false, takesVerp: false });
  if ('refusal' in read)
    throw new Error(`it gave parameters of a sender that are not known: ${excerpt(text)}`);
  const { ret, envelopeId } = read.params;
  return { ...(ret !== undefined && { ret }), ...(envelopeId !== undefined && { envelopeId }) };
}

function excerpt(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
