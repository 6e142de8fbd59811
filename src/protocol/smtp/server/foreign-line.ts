// Recognizes lines of other protocols, above all HTTP. An attacker can make a browser, or a service that fetches URLs, send SMTP
// commands to this port inside an HTTP request. That client is often in a network that may relay, so after such a line no command
// may be executed.

import type { Buffer } from 'node:buffer';

const space = 0x20;
const star = 0x2a;
const slashByte = 0x2f;
const dot = 0x2e;

/** The methods of HTTP, and PRI, with which HTTP/2 begins. A blank or a control character may follow them. */
const method =
  /^[\x00-\x20\x7f]*(?:CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PRI|PUT|QUERY|TRACE)(?:[\x00-\x20\x7f]|$)/i;
/** Any word before the target of a request: a path, `*`, or a URL. */
const request = /^[\x00-\x20\x7f]*[\w!#$%&'*+.^`|~-]+[\x00-\x20\x7f]+(?:[/*]|[a-z][a-z0-9+.-]*:\/\/)/i;
/** A header field such as `Host:`. No command of SMTP has a colon after its verb; `MAILFROM:` is just a mistake. */
const field = /^(?!MAIL|RCPT)[A-Z][A-Z0-9-]*:/i;
/** The protocol at the start of a status line. */
const status = /^[\x00-\x20\x7f]*(?:HTTP|ICAP|RTSP|SIP)\/\d/i;
/** The protocol at the end of a request line of HTTP and its relatives. */
const version = /(?:HTTP|ICAP|RTSP|SIP)\/\d(?:\.\d)?[\x00-\x20\x7f]*$/i;

/**
 * Is the line a request line, a status line or a header field of HTTP or a related protocol? For lines without a verb of SMTP, and
 * for the beginning of lines that are malformed with any verb.
 */
export function isForeignLine(text: string): boolean {
  return (
    method.test(text) || request.test(text) || field.test(text) || status.test(text) || version.test(text)
  );
}

/** The header of the PROXY protocol, version 1. */
const proxyHeader = /^PROXY (?:TCP[46]|UNKNOWN)/;

/** Is the line, which has no verb of SMTP, a PROXY header? */
export function isProxyHeader(text: string): boolean {
  return proxyHeader.test(text);
}

/** With which the header of the PROXY protocol, version 2, begins: two empty lines, and one of a NUL. */
const signature = '\r\n\r\n\0';

/** Does the line from `start` to `end` end such a signature? It comes in one piece, so the lines before are still there. */
export function isBinaryProxyHeader(bytes: Buffer, start: number, end: number): boolean {
  return end === start + 1 && start >= 4 && bytes.toString('latin1', start - 4, end) === signature;
}

/**
 * Is the line from `start` to `end`, which has a verb of SMTP, a request line? Programs can be made to send any word as the method.
 * Then its argument begins with `/` or `*`, or the line ends with `HTTP/1.1` or the like. It looks at a few bytes only, since it is
 * called for every command.
 *
 * @param isPath - whether it is MAIL or RCPT: their parameters may end with any text, so a blank is required before `HTTP`
 */
export function isRequestWithVerb(bytes: Uint8Array, start: number, end: number, isPath: boolean): boolean {
  let argument = start + 4;
  while (argument < end && bytes[argument] !== space) argument++; // STARTTLS is longer than the other verbs
  while (argument < end && bytes[argument] === space) argument++;
  if (argument === end) return false;
  const first = bytes[argument];
  return first === slashByte || first === star || endsWithHttpVersion(bytes, start, end, isPath);
}

function endsWithHttpVersion(
  bytes: Uint8Array,
  start: number,
  lineEnd: number,
  needsBlank: boolean,
): boolean {
  let end = lineEnd;
  while (end > start && bytes[end - 1] === space) end--;
  if (end - start < 8 || !isDigit(bytes[end - 1] as number)) return false;
  let slash = end - 2;
  if (bytes[slash] === dot && isDigit(bytes[slash - 1] as number)) slash -= 2;
  if (bytes[slash] !== slashByte || slash - 5 < start) return false;
  if (needsBlank && bytes[slash - 5] !== space) return false;
  return (
    lower(bytes[slash - 4]) === 0x68 && // h
    lower(bytes[slash - 3]) === 0x74 && // t
    lower(bytes[slash - 2]) === 0x74 && // t
    lower(bytes[slash - 1]) === 0x70 // p
  );
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function lower(c: number | undefined): number {
  return (c ?? 0) | 0x20;
}
