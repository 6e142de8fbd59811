// Reads the service extensions that a server announces in its EHLO reply (RFC 5321 4.1.1.1).
// Unknown keywords and malformed lines are skipped.

import { offeredAttributes } from './xforward.ts';

/** The extensions that the server announced; all false before EHLO is answered and after a fall-back to HELO. */
export interface ServerExtensions {
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** RFC 1870: the largest message in bytes, 0 for no fixed limit; undefined when SIZE is not announced. */
  readonly size: number | undefined;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 6531. */
  readonly smtpUtf8: boolean;
  /** RFC 3461. */
  readonly dsn: boolean;
  /** RFC 3030. */
  readonly chunking: boolean;
  /** RFC 3207. */
  readonly startTls: boolean;
  /** RFC 2034. */
  readonly enhancedStatusCodes: boolean;
  /** RFC 6710. */
  readonly mtPriority: boolean;
  /** RFC 8689; announced under TLS alone. */
  readonly requireTls: boolean;
  /** RFC 1985. */
  readonly etrn: boolean;
  /** Of Postfix: VERP on request. */
  readonly xverp: boolean;
  /** Attributes of XFORWARD (Postfix) that are announced and known here, in upper case. */
  readonly xforward: readonly string[];
  /** RFC 4954: mechanisms in upper case; none: AUTH is not announced, or without any. */
  readonly auth: readonly string[];
}

const none: readonly string[] = [];
/** RFC 4422 3.1. */
const mechanismName = /^[A-Z0-9_-]{1,20}$/;
/** A server that lists more is not one to log in at. */
const mostMechanisms = 50;

export const noExtensions: ServerExtensions = {
  pipelining: false,
  size: undefined,
  eightBitMime: false,
  smtpUtf8: false,
  dsn: false,
  chunking: false,
  startTls: false,
  enhancedStatusCodes: false,
  mtPriority: false,
  requireTls: false,
  etrn: false,
  xverp: false,
  xforward: none,
  auth: none,
};

/**
 * Reads the lines of an EHLO reply without codes. The first one is the server's name and greeting.
 *
 * @param ignored - keywords in upper case that are treated as not announced
 */
export function parseExtensions(
  lines: readonly string[],
  ignored: ReadonlySet<string> | undefined,
): ServerExtensions {
  const offered = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const [, keyword = '', parameter = ''] = /^(\S*)[ \t]*(.*)$/.exec(line.trim()) ?? [];
    // RFC 5321 2.4: keywords are compared without regard to case.
    if (keyword === '') continue;
    const name = keyword.toUpperCase();
    // Some servers write `AUTH=PLAIN LOGIN`, for clients that were made for a draft of RFC 4954.
    offered.set(name.startsWith('AUTH=') ? 'AUTH' : name, parameter);
  }
  for (const keyword of ignored ?? []) offered.delete(keyword);
  const size = offered.get('SIZE');
  return {
    pipelining: offered.has('PIPELINING'),
    // RFC 1870 4: no number, or 0, means that there is no fixed limit.
    size: size === undefined ? undefined : /^\d{1,20}$/.test(size) ? Number(size) : 0,
    eightBitMime: offered.has('8BITMIME'),
    smtpUtf8: offered.has('SMTPUTF8'),
    dsn: offered.has('DSN'),
    chunking: offered.has('CHUNKING'),
    startTls: offered.has('STARTTLS'),
    enhancedStatusCodes: offered.has('ENHANCEDSTATUSCODES'),
    mtPriority: offered.has('MT-PRIORITY'),
    requireTls: offered.has('REQUIRETLS'),
    etrn: offered.has('ETRN'),
    xverp: offered.has('XVERP'),
    xforward: offered.has('XFORWARD') ? offeredAttributes(offered.get('XFORWARD') ?? '') : none,
    auth: offered.has('AUTH') ? mechanismsIn(lines) : none,
  };
}

/** Of all lines about AUTH. */
function mechanismsIn(lines: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const line of lines.slice(1)) {
    const [, names] = /^\s*AUTH(?:[ \t]+|=)(.*)$/i.exec(line) ?? [];
    for (const name of names?.toUpperCase().split(/[ \t]+/) ?? []) {
      if (mechanismName.test(name) && found.size < mostMechanisms) found.add(name);
    }
  }
  return [...found];
}
