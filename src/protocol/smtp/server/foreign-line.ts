// Tells lines of other protocols from SMTP commands: a web page, or a service that fetches any URL, can be made to send lines of
// SMTP to this port inside an HTTP request. Its sender is often in a network that may relay, so no later line may be carried out.

const SLASH = 0x2f;
const DOT = 0x2e;

/** Methods of HTTP, and PRI, with which HTTP/2 begins. */
const METHOD = /^(?:CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PRI|PUT|QUERY|TRACE)(?: |$)/i;
/** A header field such as `Host:`. No command of SMTP has a colon after its verb; `MAILFROM:` is just a mistake. */
const FIELD = /^(?!MAIL|RCPT)[A-Z][A-Z0-9-]*:/i;
/** The protocol at the end of a request line of HTTP's relatives, or at the start of their status line. */
const VERSION = /^(?:HTTP|ICAP|RTSP|SIP)\/\d|(?:ICAP|RTSP|SIP)\/\d(?:\.\d)?$/i;

/** Whether the command line is a request line or a header field of HTTP or one of its relatives; its verb is not SMTP's. */
export function isForeignLine(text: string): boolean {
  return METHOD.test(text) || FIELD.test(text) || VERSION.test(text);
}

/**
 * Whether the line from `start` to `end` ends with `HTTP/1.1` or the like, whatever verb it begins with: programs can be made to
 * send any word as the method. Looks at a few bytes only, as every command comes by here.
 */
export function endsWithHttpVersion(bytes: Uint8Array, start: number, end: number): boolean {
  const last = bytes[end - 1] as number;
  if (end - start < 8 || !isDigit(last)) return false;
  let slash = end - 2;
  if (bytes[slash] === DOT && isDigit(bytes[slash - 1] as number)) slash -= 2;
  if (bytes[slash] !== SLASH || slash - 5 < start || bytes[slash - 5] !== 0x20) return false;
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
