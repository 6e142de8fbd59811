// Writes MAIL and RCPT with their parameters, and checks whether a path may be written (RFC 5321 4.1.1.2).
// A parameter is written only when the server announced its extension.

import { encodeXtext } from '../xtext.ts';
import { encodeUtf8Address } from '../utf8-address.ts';
import type { ClientRecipient, ClientTransaction } from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';

/** A path that needs no further check: ASCII without quotes, backslashes, angle brackets, blanks and control characters. */
const plainPath = /^[!#-;=?-[\]-~]*$/;

/** RFC 3461 4.2: the address type is an atom (RFC 5322 3.2.3). */
const addressType = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/;

export type PathKind = 'ascii' | 'utf8' | 'unsafe';

/**
 * Can a path be written between angle brackets? It is unsafe with control characters, which could end the line, and with blanks or
 * angle brackets outside a quoted string, which could end the path and add parameters.
 */
export function pathKind(path: string): PathKind {
  if (plainPath.test(path)) return 'ascii';
  let kind: PathKind = 'ascii';
  let quoted = false;
  for (let i = 0; i < path.length; i++) {
    let code = path.charCodeAt(i);
    // RFC 5321 4.1.2: in a quoted string, a backslash quotes the next character.
    if (quoted && code === 0x5c) code = path.charCodeAt(++i);
    else if (code === 0x22) quoted = !quoted;
    else if (!quoted && (code === 0x20 || code === 0x3c || code === 0x3e)) return 'unsafe';
    if (!(code >= 0x20) || (code >= 0x7f && code <= 0x9f)) return 'unsafe';
    if (code > 0x7f) kind = 'utf8';
  }
  if (quoted || (kind === 'utf8' && !path.isWellFormed())) return 'unsafe';
  return kind;
}

/** The MAIL command with its CRLF (RFC 5321 4.1.1.2). `useUtf8` adds SMTPUTF8 (RFC 6531 3.4). */
export function mailCommand(
  transaction: ClientTransaction,
  extensions: ServerExtensions,
  useUtf8: boolean,
): string {
  let command = `MAIL FROM:<${transaction.reversePath}>`;
  if (extensions.size !== undefined) command += ` SIZE=${transaction.sizeBytes}`; // RFC 1870 6
  if (transaction.body === '8BITMIME' && extensions.eightBitMime) command += ' BODY=8BITMIME'; // RFC 6152 3
  if (useUtf8) command += ' SMTPUTF8';
  if (extensions.dsn) {
    if (transaction.ret !== undefined) command += ` RET=${transaction.ret}`; // RFC 3461 4.3
    if (transaction.envelopeId !== undefined && transaction.envelopeId !== '') {
      command += ` ENVID=${encodeXtext(transaction.envelopeId)}`; // RFC 3461 4.4
    }
  }
  // RFC 6710 4.2 and 4.3: only for a server that announced it.
  if (extensions.mtPriority && transaction.priority !== undefined) {
    command += ` MT-PRIORITY=${transaction.priority}`;
  }
  if (transaction.requireTls === true) command += ' REQUIRETLS'; // RFC 8689 4.2.1
  // Postfix, VERP_README.
  if (transaction.verp !== undefined) command += ` XVERP=${transaction.verp}`;
  return `${command}\r\n`;
}

/** The RCPT command with its CRLF (RFC 5321 4.1.1.3); DSN parameters are relayed unchanged (RFC 3461 5.2.1). */
export function rcptCommand(
  recipient: ClientRecipient,
  extensions: ServerExtensions,
  useUtf8: boolean,
): string {
  let command = `RCPT TO:<${recipient.address}>`;
  if (extensions.dsn) {
    if (recipient.notify !== undefined) command += notifyParameter(recipient.notify);
    if (recipient.originalRecipient !== undefined) {
      command += orcptParameter(recipient.originalRecipient, useUtf8);
    }
  }
  return `${command}\r\n`;
}

/** ` NOTIFY=...` (RFC 3461 4.1), or nothing when no condition is set. */
function notifyParameter(notify: NonNullable<ClientRecipient['notify']>): string {
  if (notify.never) return ' NOTIFY=NEVER';
  const conditions: string[] = [];
  if (notify.success) conditions.push('SUCCESS');
  if (notify.failure) conditions.push('FAILURE');
  if (notify.delay) conditions.push('DELAY');
  return conditions.length === 0 ? '' : ` NOTIFY=${conditions.join(',')}`;
}

/** ` ORCPT=...` (RFC 3461 4.2), or nothing for a value without a valid address type. */
function orcptParameter(originalRecipient: string, useUtf8: boolean): string {
  const semicolon = originalRecipient.indexOf(';');
  const type = originalRecipient.slice(0, Math.max(0, semicolon));
  if (!addressType.test(type)) return '';
  const address = originalRecipient.slice(semicolon + 1);
  const encoded = type.toLowerCase() === 'utf-8' ? encodeUtf8Address(address, useUtf8) : encodeXtext(address);
  return ` ORCPT=${type};${encoded}`;
}
