// One command line of a client: its word, and what stands behind it.

import { type Buffer, isAscii } from 'node:buffer';

export interface Command {
  /** In upper case; empty for what is no word. */
  readonly word: string;
  /** All behind the first space, as it came: a password may begin and end with spaces. Undefined: it is no UTF-8. */
  readonly rest: string | undefined;
}

const space = 0x20;
const longestWord = 8;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function commandOf(line: Buffer): Command {
  const at = line.indexOf(space);
  const end = at === -1 ? line.length : at;
  const word = end > longestWord ? '' : line.toString('latin1', 0, end).toUpperCase();
  return { word: /^[A-Z0-9]+$/.test(word) ? word : '', rest: textOf(line.subarray(end + 1)) };
}

function textOf(bytes: Buffer): string | undefined {
  // Nearly always, and ten times as fast.
  if (isAscii(bytes)) return bytes.toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The words behind the command. Some clients send several spaces. */
export function wordsOf({ rest = '' }: Command): readonly string[] {
  return rest.split(' ').filter((word) => word !== '');
}

/** Numbers of messages and lines; undefined for what is none. */
export function numberOf(word: string | undefined): number | undefined {
  return word !== undefined && /^\d{1,10}$/.test(word) ? Number(word) : undefined;
}
