// What becomes of a session after a line that is no line of SMTP: too long, with a control character, or not UTF-8. It goes on only
// where the line is plainly one command with a mistake; after any other, what follows may be part of something else and is not read.

import type { Buffer } from 'node:buffer';
import type { LineVerdict } from './command-line-reader.ts';
import { Verb, verbOf } from './command-verb.ts';
import { isForeignLine } from './foreign-line.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';

export type MalformedVerdict = Extract<LineVerdict, 'too-long' | 'control' | 'not-utf8'>;

/** `foreign`: a line of another protocol. The others have the reply, after which the session ends or not. */
export type MalformedLine =
  | { readonly kind: 'foreign' }
  | { readonly kind: 'ends' | 'goes-on'; readonly reply: FixedReply };

/** As much of a line that is too long as is looked at. */
const headOctets = 128;

/** MAIL or RCPT with the word that no request of HTTP can have in this place. */
const pathCommand = /^(?:MAIL +FROM|RCPT +TO) *:/i;

const goesOn: Readonly<Record<MalformedVerdict, MalformedLine>> = {
  'too-long': { kind: 'goes-on', reply: Replies.lineTooLong },
  control: { kind: 'goes-on', reply: Replies.controlCharacter },
  'not-utf8': { kind: 'goes-on', reply: Replies.notUtf8 },
};
const ends: Readonly<Record<MalformedVerdict, MalformedLine>> = {
  'too-long': { kind: 'ends', reply: Replies.lineTooLongLast },
  control: { kind: 'ends', reply: Replies.controlCharacterLast },
  'not-utf8': { kind: 'ends', reply: Replies.notUtf8Last },
};
const foreign: MalformedLine = { kind: 'foreign' };

/**
 * RFC 5321 4.2.5 and 4.5.3.1.4 answer 500 to one wrong line. After MAIL and RCPT the session goes on, as clients with one wrong
 * address in their list mean the other recipients to get the message; after a name in EHLO that is not UTF-8, too. Behind BDAT comes
 * a chunk whose end is unknown then (RFC 3030 2), and behind a request of HTTP whatever a stranger wrote.
 *
 * @param end - the end of the line, or of what was kept of it
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
  const isOneCommand =
    pathCommand.test(text) || (verdict === 'not-utf8' && isKnown(verbOf(bytes, start, end)));
  return isOneCommand ? goesOn[verdict] : ends[verdict];
}

function isKnown(verb: number): boolean {
  return verb !== 0 && verb !== Verb.bdat;
}
