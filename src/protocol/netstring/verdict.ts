// What a server of QMQP or QMTP says of a message: a netstring that begins with K (taken), Z (not for now) or D (not at all), and goes on
// with a text for people. Enhanced status codes stand in front of the text here, and behind it where qmail writes them.

import { Buffer } from 'node:buffer';
import { netstring } from './write-netstring.ts';

export type VerdictKind = 'taken' | 'temporary' | 'permanent';

/** One answer to a message, or to one recipient of it. */
export interface Verdict {
  readonly kind: VerdictKind;
  /** RFC 3463, of the class that the kind is of; undefined when the server gave none. */
  readonly enhanced?: string | undefined;
  readonly text: string;
}

const letters: Readonly<Record<VerdictKind, string>> = { taken: 'K', temporary: 'Z', permanent: 'D' };
const classes: Readonly<Record<VerdictKind, string>> = { taken: '2', temporary: '4', permanent: '5' };
const kinds = new Map<string, VerdictKind>([
  ['K', 'taken'],
  ['Z', 'temporary'],
  ['D', 'permanent'],
]);

/** The longest text that is written or kept, in characters. */
export const mostVerdictText = 1_000;

/** Control characters become blanks, since clients write the text to logs and reports. */
function printable(text: string): string {
  return text
    .replaceAll(/[\x00-\x1f\x7f-\x9f]+/gu, ' ')
    .trim()
    .slice(0, mostVerdictText);
}

export function writeVerdict({ kind, enhanced, text }: Verdict): Buffer {
  const status = enhanced === undefined ? '' : `${enhanced} `;
  return netstring(`${letters[kind]}${status}${printable(text)}`);
}

/** @param bytes - of the netstring, perhaps without its end. @returns undefined when it is no verdict */
export function readVerdict(bytes: Uint8Array): Verdict | undefined {
  const all = Buffer.from(bytes).toString('utf8');
  const kind = kinds.get(all.slice(0, 1));
  if (kind === undefined) return undefined;
  const text = printable(all.slice(1));
  const first = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/u.exec(text);
  const last = /\(#([245]\.\d{1,3}\.\d{1,3})\)$/u.exec(text);
  const enhanced = first?.[1] ?? last?.[1];
  if (enhanced === undefined || !enhanced.startsWith(classes[kind])) return { kind, text };
  return { kind, enhanced, text: first === null ? text : text.slice(first[0].length) };
}
