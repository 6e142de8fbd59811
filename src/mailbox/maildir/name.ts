// Names of messages in a Maildir (https://cr.yp.to/proto/maildir.html): never used again, with the sizes of Maildir++ and Dovecot (`,S=` and
// `,W=`), and with the flags that readers put behind `:2,`.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Longer ones would leave no room for the rest of a name (255 bytes). */
const mostHostCharacters = 64;

/** Neither a slash nor a colon may stand in it, nor what begins a size. */
const host = hostname()
  .slice(0, mostHostCharacters)
  .replaceAll('/', String.raw`\057`)
  .replaceAll(':', String.raw`\072`)
  .replaceAll(',', String.raw`\054`);

/** Two hosts of one name, or two containers, may have a process of the same number. */
const ofProcess = randomBytes(8).toString('hex');

let deliveries = 0;

/**
 * A name that no other message gets, without sizes: the time, this process, and a number in it. Names are in the order in which they were made,
 * as far as one process makes them: POP3 numbers messages by them.
 */
export function newUniqueName(nowMs: number): string {
  const number = ++deliveries;
  const micros = Math.floor(nowMs % 1000) * 1000 + (number % 1000);
  const time = `${Math.floor(nowMs / 1000)}.M${String(micros).padStart(6, '0')}`;
  return `${time}P${process.pid}R${ofProcess}Q${number}.${host}`;
}

/** @param sizeBytes - of the file; @param crlfBytes - of the same message with CRLF as line ends */
export function nameWithSizes(unique: string, sizeBytes: number, crlfBytes: number): string {
  return `${unique},S=${sizeBytes},W=${crlfBytes}`;
}

/** What the name of a message tells. */
export interface MaildirName {
  /** What stays the same as long as the message is there: all before the flags. */
  readonly unique: string;
  /** Of the file; undefined: the name does not tell. */
  readonly sizeBytes: number | undefined;
  /** Of the message with CRLF as line ends; undefined: the name does not tell. */
  readonly crlfBytes: number | undefined;
  /** `S` seen, `T` trashed and so on; empty for none. */
  readonly flags: string;
}

/** @returns undefined for what is no message: readers pass over names that begin with a dot */
export function parseMaildirName(name: string): MaildirName | undefined {
  if (name === '' || name.startsWith('.')) return undefined;
  const colon = name.indexOf(':');
  const unique = colon === -1 ? name : name.slice(0, colon);
  const [, flags = ''] = colon === -1 ? [] : (/^:2,([A-Za-z]*)/.exec(name.slice(colon)) ?? []);
  return { unique, sizeBytes: sizeIn(unique, 'S'), crlfBytes: sizeIn(unique, 'W'), flags };
}

function sizeIn(unique: string, letter: 'S' | 'W'): number | undefined {
  const [, digits] = (letter === 'S' ? /,S=(\d{1,15})(?:,|$)/ : /,W=(\d{1,15})(?:,|$)/).exec(unique) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
