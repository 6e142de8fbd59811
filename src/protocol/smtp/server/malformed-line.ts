// Decides how a session continues after a malformed line: too long, with a control character, or not UTF-8. The session continues only
// when the line is clearly one command with a mistake. Otherwise the rest may be part of something else, and is not read.

import type { Buffer } from 'node:buffer';
import type { LineVerdict } from './command-line-reader.ts';
import { Verb, verbOf } from './command-verb.ts';
import { isBinaryProxyHeader, isForeignLine } from './foreign-line.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';

export type MalformedVerdict = Extract<LineVerdict, 'too-long' | 'control' | 'not-utf8'>;

/** `foreign`: a line of another protocol. `proxy`: of a PROXY header. `ends` and `continues`: whether the session ends after the reply. */
export type MalformedLine =
  | { readonly kind: 'foreign' }
  | { readonly kind: 'proxy' }
  | { readonly kind: 'ends' | 'continues'; readonly reply: FixedReply };

/** The number of octets that are looked at in a line that is too long. */
const headOctets = 128;

/** MAIL FROM or RCPT TO, with which no request of HTTP can begin. */
const pathCommand = /^(?:MAIL +FROM|RCPT +TO) *:/i;

const continuing: Readonly<Record<MalformedVerdict, MalformedLine>> = {
  'too-long': { kind: 'continues', reply: Replies.lineTooLong },
  control: { kind: 'continues', reply: Replies.controlCharacter },
  'not-utf8': { kind: 'continues', reply: Replies.notUtf8 },
};
const ending: Readonly<Record<MalformedVerdict, MalformedLine>> = {
  'too-long': { kind: 'ends', reply: Replies.lineTooLongLast },
  control: { kind: 'ends', reply: Replies.controlCharacterLast },
  'not-utf8': { kind: 'ends', reply: Replies.notUtf8Last },
};
const foreign: MalformedLine = { kind: 'foreign' };
const proxy: MalformedLine = { kind: 'proxy' };

/**
 * RFC 5321 4.2.5 and 4.5.3.1.4: a malformed line is answered 500. After MAIL and RCPT the session continues, so that one malformed
 * address does not keep the other recipients from getting the message; also after a name in EHLO that is not UTF-8. After BDAT it
 * ends, since a chunk of unknown length follows (RFC 3030 2); and after a request of HTTP, since a stranger chose what follows.
 *
 * @param end - the end of the line, or of the part of it that was kept
 */
export function judgeMalformed(
  verdict: MalformedVerdict,
  bytes: Buffer,
  start: number,
  end: number,
): MalformedLine {
  const last = verdict === 'too-long' ? Math.min(end, start + headOctets) : end;
  const text = bytes.toString('latin1', start, last);
  if (isForeignLine(text)) return foreign;
  if (isBinaryProxyHeader(bytes, start, end)) return proxy;
  const isOneCommand =
    pathCommand.test(text) || (verdict === 'not-utf8' && isVerbWithoutChunk(verbOf(bytes, start, end)));
  return isOneCommand ? continuing[verdict] : ending[verdict];
}

function isVerbWithoutChunk(verb: number): boolean {
  return verb !== 0 && verb !== Verb.bdat;
}
