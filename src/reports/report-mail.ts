// A report as a message (RFC 8460 5.3, RFC 9990 3.5.2): a line for people, and the compressed report. Equal input gives equal bytes.

import { dateTime, field } from '../bounce/mime-text.ts';
import { type Report, type Reporter, submitterOf } from './report.ts';

const lineBytes = 57;

/** @param to - a mail address */
export function reportMail(report: Report, reporter: Reporter, to: string, nowMs: number): Uint8Array {
  const { kind, domain, day, id } = report;
  const submitter = submitterOf(reporter);
  // No line of base64 begins with two hyphens, and the text before it is ours.
  const boundary = `=_report_${day}`;
  const text =
    kind === 'tls'
      ? `This is a report about TLS sessions to ${domain} on ${day} (UTC), from ${submitter} (RFC 8460).`
      : `This is a DMARC aggregate report about mail from ${domain} on ${day} (UTC), from ${submitter} (RFC 9990).`;
  const type = kind === 'tls' ? 'multipart/report; report-type="tlsrpt"' : 'multipart/mixed';
  const head =
    field('Date', dateTime(nowMs)) +
    field('From', `<${reporter.from}>`) +
    field('To', `<${to}>`) +
    field('Subject', `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${id}>`) +
    field('Message-ID', `<${id}>`) +
    field('Auto-Submitted', 'auto-generated') + // RFC 3834 5
    (kind === 'tls' ? tlsFields(domain, submitter) : '') +
    field('MIME-Version', '1.0') +
    `Content-Type: ${type};\r\n boundary="${boundary}"\r\n` +
    `\r\n--${boundary}\r\n` +
    field('Content-Type', 'text/plain; charset=us-ascii') +
    `\r\n${text}\r\n\r\n--${boundary}\r\n` +
    `Content-Type: ${kind === 'tls' ? 'application/tlsrpt+gzip' : 'application/gzip'}\r\n` +
    field('Content-Transfer-Encoding', 'base64') +
    `Content-Disposition: attachment;\r\n filename="${report.fileName}"\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    Buffer.from(base64Lines(report.content), 'latin1'),
    Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'),
  ]);
}

/** RFC 8460 5.3. RFC 8689 3: the report goes out even if what is wrong with the TLS of the domain would stop other mail. */
function tlsFields(domain: string, submitter: string): string {
  return (
    field('TLS-Report-Domain', domain) +
    field('TLS-Report-Submitter', submitter) +
    field('TLS-Required', 'No')
  );
}

/** RFC 2045 6.8: lines of at most 76 characters. */
function base64Lines(bytes: Uint8Array): string {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let lines = '';
  for (let at = 0; at < content.length; at += lineBytes) {
    lines += `${content.subarray(at, at + lineBytes).toString('base64')}\r\n`;
  }
  return lines;
}
