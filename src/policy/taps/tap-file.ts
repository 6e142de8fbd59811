// The file control/taps of the tap patch for qmail: whose mail is copied, and to which address.

import { parsePath } from '../../address/path.ts';
import { atOnce } from '../../io/slices.ts';
import { addressExpression, type AddressExpression } from './address-expression.ts';

/** Whose address an expression is about: F, T, A. */
export type TapSide = 'sender' | 'recipient' | 'either';

export interface Tap {
  readonly side: TapSide;
  readonly expression: AddressExpression;
  /** `!`: the tap is for addresses that do not match. */
  readonly isNegated: boolean;
  /** Who gets the copy. */
  readonly copyTo: string;
  /** For the log: `line 3: F:joe@:archive@example.com`. */
  readonly text: string;
}

const sides = { F: 'sender', T: 'recipient', A: 'either' } as const;

/**
 * Reads the file.
 * @throws {Error} with a clause that names the line which nobody can understand: what it asks for would be missing in the archive
 */
export function parseTapFile(text: string): readonly Tap[] {
  return atOnce(tapsOfFile(text));
}

/** The same as work in slices, since a file may have many thousand lines. */
export function* tapsOfFile(text: string): Generator<undefined, readonly Tap[]> {
  const taps: Tap[] = [];
  let number = 0;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end === -1 ? text.length : end).trim();
    at = end === -1 ? text.length : end + 1;
    number++;
    if (line === '' || line.startsWith('#')) continue;
    try {
      taps.push(tapOf(line, number));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`line ${number}: ${reason}`, { cause: error });
    }
    yield;
  }
  return taps;
}

function tapOf(line: string, number: number): Tap {
  const [, letter = 'A', rest = line] = /^([FTA]):(.*:.*)$/.exec(line) ?? [];
  const isNegated = rest.startsWith('!');
  const source = rest.slice(isNegated ? 1 : 0, rest.lastIndexOf(':'));
  const colon = rest.lastIndexOf(':');
  if (colon === -1) throw new Error('an expression, ":" and an address are needed');
  return {
    side: sides[letter as keyof typeof sides],
    // An empty one matches every address, as with regcomp(3) and grep -E.
    expression: addressExpression(source),
    isNegated,
    copyTo: tapAddress(rest.slice(colon + 1).trim()),
    text: `line ${number}: ${line}`,
  };
}

/** @throws {Error} with a clause */
function tapAddress(text: string): string {
  if (text !== '' && !text.includes('@'))
    throw new Error(`${JSON.stringify(text)} is no address for the copy: it has no domain`);
  const path = parsePath(`<${text}>`, { allowUtf8: true, allowNull: false });
  if (path.kind === 'invalid' || path.end !== text.length + 2)
    throw new Error(`${JSON.stringify(text)} is no address for the copy`);
  return text;
}
