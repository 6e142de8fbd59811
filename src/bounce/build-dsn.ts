// Delivery status notifications (RFC 3464) as multipart/report (RFC 6522, which replaced RFC 3462), with UTF-8
// addresses (RFC 6533). Equal input gives equal bytes; no text from outside can add a header field or a MIME part.

import { DsnError } from './dsn-error.ts';
import type { Dsn, DsnOptions } from './dsn-types.ts';
import { humanPart, subjectOf } from './human-part.ts';
import { dateTime, field, isAscii, quotedPrintable, addressText, unstructured } from './mime-text.ts';
import { originalPart } from './original-part.ts';
import { statusPart } from './status-part.ts';

export type { Dsn, DsnOptions, DsnRecipient } from './dsn-types.ts';

/**
 * Builds the report about some recipients of a message.
 * @throws {DsnError} `DSN_NULL_SENDER` for the null reverse path (RFC 3464 2: a bounce must not bounce),
 * `DSN_NO_RECIPIENTS` when there is nothing to report.
 */
export function buildDsn(options: DsnOptions): Dsn {
  const { sender, queueId } = options;
  if (sender === '') {
    throw new DsnError(
      'DSN_NULL_SENDER',
      `reporting about message ${queueId}: it has the null sender, nobody gets a report`,
    );
  }
  if (options.recipients.length === 0) {
    throw new DsnError(
      'DSN_NO_RECIPIENTS',
      `reporting about message ${queueId}: no recipient to report about`,
    );
  }

  const human = encodedText(humanPart(options));
  const status = statusPart(options);
  const original = originalPart(options);
  const statusContent = Buffer.from(status.text, 'utf8');
  const boundary = freeBoundary(options.boundary, [human.content, statusContent, original.content]);
  const statusType = status.isGlobal ? 'global-delivery-status' : 'delivery-status';
  const is8bit = status.isGlobal || original.encoding === '8bit';
  const smtpUtf8 = !isAscii(addressText(sender));

  const head =
    field('Date', dateTime(options.nowMs)) +
    field('From', `Mail Delivery System <${options.from}>`) +
    `To: <${addressText(sender)}>\r\n` +
    field('Subject', unstructured(subjectOf(options))) +
    field('Message-ID', `<${options.messageId.replaceAll(/^<|>$/g, '')}>`) +
    field('Auto-Submitted', 'auto-replied') + // RFC 3834 5
    field('MIME-Version', '1.0') +
    `Content-Type: multipart/report; report-type=${statusType};\r\n boundary="${boundary}"\r\n` +
    (is8bit ? field('Content-Transfer-Encoding', '8bit') : '') +
    '\r\nThis is a report in MIME format.\r\n' +
    part(
      boundary,
      'Explanation',
      `text/plain; charset=${human.charset}`,
      human.encoding,
      options.texts?.language,
    );
  const beforeStatus = `\r\n${part(boundary, 'Delivery report', `message/${statusType}`, status.isGlobal ? '8bit' : '7bit')}`;
  const returned = original.mediaType.endsWith('headers') ? 'Header of the message' : 'The message';
  const beforeOriginal = `\r\n${part(boundary, returned, original.mediaType, original.encoding)}`;
  return {
    content: [
      Buffer.from(head, 'utf8'),
      human.content,
      Buffer.from(beforeStatus, 'utf8'),
      statusContent,
      Buffer.from(beforeOriginal, 'utf8'),
      original.content,
      Buffer.from(`\r\n--${boundary}--\r\n`, 'utf8'),
    ],
    recipient: sender,
    body: is8bit || smtpUtf8 ? '8BITMIME' : '7BIT',
    smtpUtf8,
  };
}

/** A delimiter line and the header of the part that it begins. */
function part(
  boundary: string,
  description: string,
  mediaType: string,
  encoding: string,
  language = '',
): string {
  return (
    `--${boundary}\r\n` +
    field('Content-Description', description) +
    field('Content-Type', mediaType) +
    (language === '' || language === 'en' ? '' : field('Content-Language', language)) + // RFC 3282 2
    (encoding === '7bit' ? '' : field('Content-Transfer-Encoding', encoding)) +
    '\r\n'
  );
}

function encodedText(text: string): {
  readonly charset: 'us-ascii' | 'utf-8';
  readonly encoding: '7bit' | 'quoted-printable';
  readonly content: Buffer;
} {
  const content = Buffer.from(text, 'utf8');
  // UTF-8 text with as many octets as characters is ASCII.
  if (content.length === text.length) return { charset: 'us-ascii', encoding: '7bit', content };
  return { charset: 'utf-8', encoding: 'quoted-printable', content: quotedPrintable(content) };
}

/** The wanted boundary, made valid (RFC 2046 5.1.1) and changed until it occurs in no body. */
function freeBoundary(wanted: string, bodies: readonly Buffer[]): string {
  const valid = wanted.replaceAll(/[^0-9A-Za-z'()+_,./:=?-]/g, '_').slice(0, 60);
  let boundary = valid;
  for (let i = 1; boundary === '' || bodies.some((body) => body.includes(`--${boundary}`)); i++) {
    boundary = `${valid}_${i}`;
  }
  return boundary;
}
