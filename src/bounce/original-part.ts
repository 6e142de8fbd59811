// The part of a report that returns the message or its header (RFC 6522 4, RFC 6533 5), with the media type and the
// encoding that its bytes need.

import { isAscii, isUtf8 } from 'node:buffer';
import type { DsnOptions } from './dsn-types.ts';
import { quotedPrintable } from './mime-text.ts';

const defaultMaxBytes = 64 * 1024;
const maxHeaderBytes = 64 * 1024;

export interface OriginalPart {
  readonly mediaType: string;
  readonly encoding: '7bit' | '8bit' | 'quoted-printable';
  /** Ends with CRLF, unless it is a whole message that does not. */
  readonly content: Buffer;
}

/** The whole message when it failed, is small enough and RET does not say otherwise; else its header. */
export function originalPart(options: DsnOptions): OriginalPart {
  const { original, recipients, ret, maxOriginalBytes = defaultMaxBytes } = options;
  const sizeBytes = original.content.reduce((sum, piece) => sum + piece.length, 0);
  // RFC 3461 4.3: RET=FULL is about failures; any other report returns the header only.
  const wantsFull = ret !== 'HDRS' && recipients.some(({ action }) => action === 'failed');
  const whole = original.kind === 'full' && wantsFull && sizeBytes <= maxOriginalBytes;
  const bytes = Buffer.concat(original.content);
  const header = headerOf(bytes);
  if (!whole) return headerPart(header.length > maxHeaderBytes ? cutAtLine(header) : header);
  const encoding = isAscii(bytes) ? '7bit' : '8bit';
  // RFC 6532 3.7: a header in UTF-8 makes it message/global; nothing may be encoded inside message/rfc822.
  const isGlobal = !isAscii(header) && isUtf8(header);
  return { mediaType: isGlobal ? 'message/global' : 'message/rfc822', encoding, content: bytes };
}

function headerPart(header: Buffer): OriginalPart {
  const content = header.toString('latin1').endsWith('\r\n')
    ? header
    : Buffer.concat([header, Buffer.from('\r\n')]);
  if (isAscii(content)) return { mediaType: 'text/rfc822-headers', encoding: '7bit', content };
  // RFC 6533 5: UTF-8 header fields have their own type, as 8bit wherever possible.
  if (isUtf8(content)) return { mediaType: 'message/global-headers', encoding: '8bit', content };
  // RFC 6522 4: a broken header may be encoded with quoted-printable.
  return {
    mediaType: 'text/rfc822-headers',
    encoding: 'quoted-printable',
    content: quotedPrintable(content),
  };
}

/** Up to the empty line, without it. */
function headerOf(bytes: Buffer): Buffer {
  if (bytes.indexOf('\r\n') === 0) return bytes.subarray(0, 0);
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? bytes : bytes.subarray(0, end + 2);
}

function cutAtLine(header: Buffer): Buffer {
  const cut = header.subarray(0, maxHeaderBytes);
  const end = cut.lastIndexOf('\r\n');
  return end === -1 ? cut : cut.subarray(0, end + 2);
}
