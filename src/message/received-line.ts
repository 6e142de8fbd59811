// The Received line that every relay puts on top of a message (RFC 5321 4.4). No text of a client can break its syntax.

import { Buffer } from 'node:buffer';
import { withoutMapping } from '../values/ip-address.ts';
import { formatDateTime } from './date-time.ts';
import { isIPv6 } from '../values/ip-version.ts';

/** The longest recipient that is named, in octets. */
const maxForOctets = 900;

/** Facts of one acceptance. */
export interface Reception {
  /** The client's name in HELO or EHLO; empty without one. */
  readonly helo: string;
  /** The client's IP address; empty for local submission. */
  readonly clientAddress: string;
  /** Name of this host. */
  readonly by: string;
  /** RFC 5321 4.4, RFC 3848, RFC 6531 4.3; `local` for the submission socket. */
  readonly protocol:
    | 'SMTP'
    | 'ESMTP'
    | 'ESMTPA'
    | 'ESMTPS'
    | 'ESMTPSA'
    | 'UTF8SMTP'
    | 'UTF8SMTPA'
    | 'UTF8SMTPS'
    | 'UTF8SMTPSA'
    | 'LMTP'
    | 'LMTPS'
    | 'UTF8LMTP'
    | 'UTF8LMTPS'
    | 'QMQP'
    | 'QMTP'
    | 'local';
  /** Version and cipher of TLS, in the words of OpenSSL; undefined without. */
  readonly tls?: { readonly version: string; readonly cipher: string } | undefined;
  readonly queueId: string;
  /** The only recipient; undefined if there are several, so that no recipient learns of another (RFC 5321 7.6). */
  readonly recipient?: string | undefined;
  /** RFC 6710 4.1: a clause of its own, if the message has one. */
  readonly priority?: number | undefined;
  /** Unix time in milliseconds. */
  readonly nowMs: number;
}

/** The folded Received field with its last CRLF, as octets of UTF-8. */
export function receivedLine(reception: Reception): Buffer {
  const { by, protocol, queueId, recipient, priority, nowMs } = reception;
  // RFC 5322 2.1.1: the clause is left out where it would make a line of more than 998 octets.
  const isShown = recipient !== undefined && Buffer.byteLength(recipient) <= maxForOctets;
  const to = isShown ? `\r\n\tfor <${withoutControls(recipient)}>` : '';
  // RFC 6710 7: an Additional-Registered-Clause, which comes last (RFC 5321 4.4).
  const clause = priority === undefined ? '' : `${to === '' ? '\r\n\t' : ' '}PRIORITY ${priority}`;
  const { tls } = reception;
  const under = tls === undefined ? '' : `\r\n\t(${asWord(tls.version)} ${asWord(tls.cipher)})\r\n\t`;
  const from = fromClause(reception.helo, reception.clientAddress);
  return Buffer.from(
    `Received: ${from}by ${by} with ${protocol}${under === '' ? ' ' : under}id ${queueId}${to}${clause};\r\n\t${formatDateTime(nowMs)}\r\n`,
    'utf8',
  );
}

/** RFC 5321 4.4 Extended-Domain: the client's name, and in parentheses its address. */
function fromClause(helo: string, clientAddress: string): string {
  if (clientAddress === '') return '';
  const literal = addressLiteralOf(clientAddress);
  return `from ${helo === '' ? literal : asWord(helo)} (${literal})\r\n\t`;
}

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3). */
function addressLiteralOf(address: string): string {
  const plain = withoutMapping(address);
  return isIPv6(plain) ? `[IPv6:${plain}]` : `[${plain}]`;
}

/** Replaces characters that no domain or address literal has: a parenthesis or semicolon would end a part of the field. */
function asWord(helo: string): string {
  return /[^A-Za-z0-9.:_[\]-]/.test(helo) ? helo.replaceAll(/[^A-Za-z0-9.:_[\]-]/g, '?') : helo;
}

function withoutControls(text: string): string {
  return /[\x00-\x1f\x7f]/.test(text) ? text.replaceAll(/[\x00-\x1f\x7f]/g, '?') : text;
}
