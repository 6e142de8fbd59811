// Tells lines of other protocols from SMTP commands: a web page, or a service that fetches any URL, can be made to send lines of
// SMTP to this port inside an HTTP request. Its sender is often in a network that may relay, so no later line may be carried out.

const space = 0x20;
const star = 0x2a;
const slashByte = 0x2f;
const dot = 0x2e;

/** Methods of HTTP, and PRI, with which HTTP/2 begins. What is no token of SMTP may stand behind them, a control character too. */
const method =
  /^[\x00-\x20\x7f]*(?:CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PRI|PUT|QUERY|TRACE)(?:[\x00-\x20\x7f]|$)/i;
/** Any word before what a request can be for: a path, `*`, or a URL. */
const request = /^[\x00-\x20\x7f]*[\w!#$%&'*+.^`|~-]+[\x00-\x20\x7f]+(?:[/*]|[a-z][a-z0-9+.-]*:\/\/)/i;
/** A header field such as `Host:`. No command of SMTP has a colon after its verb; `MAILFROM:` is just a mistake. */
const field = /^(?!MAIL|RCPT)[A-Z][A-Z0-9-]*:/i;
/** The protocol at the start of a status line. */
const status = /^[\x00-\x20\x7f]*(?:HTTP|ICAP|RTSP|SIP)\/\d/i;
/** The protocol at the end of a request line of HTTP and its relatives. */
const version = /(?:HTTP|ICAP|RTSP|SIP)\/\d(?:\.\d)?[\x00-\x20\x7f]*$/i;

/**
 * Whether the line is a request line, a status line or a header field of HTTP or one of its relatives. For lines whose verb is not
 * SMTP's, and for the beginning of those that are no line of SMTP whatever their verb is.
 */
export function isForeignLine(text: string): boolean {
  return (
    method.test(text) || request.test(text) || field.test(text) || status.test(text) || version.test(text)
  );
}

/**
 * Whether the line from `start` to `end`, with a verb of SMTP, is a request line all the same: programs can be made to send any word
 * as the method. Its argument begins with `/` or `*`, or it ends with `HTTP/1.1` or the like. Looks at a few bytes only, as every
 * command comes by here.
 *
 * @param isPath - MAIL or RCPT: their parameters may end with any text, so that a blank must stand before `HTTP`
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
