// An expression that addresses are compared with: of POSIX, in upper or lower case, anywhere in the address.

import type { RE2JS } from 're2js';
import { parsePosixExpression } from '../../values/posix-expression.ts';

export interface AddressExpression {
  matches(address: string): boolean;
  /** As of `PosixExpression`: the longest of them, once each. */
  readonly required: readonly string[];
}

let library: typeof RE2JS | undefined;

/** Before the first expression is tried: who has no taps does without the library. */
export async function loadExpressions(): Promise<void> {
  library ??= (await import('re2js')).RE2JS;
}

/** @throws {ValueError} */
export function addressExpression(source: string): AddressExpression {
  const { re2: pattern, required } = parsePosixExpression(source);
  let compiled: RE2JS | undefined;
  return {
    // Of ten thousand expressions most are never asked for.
    matches: (address) => {
      if (library === undefined) throw new Error('an expression was tried before loadExpressions()');
      compiled ??= library.compile(pattern, library.CASE_INSENSITIVE | library.DOTALL);
      return compiled.matcher(address).find();
    },
    required: longestOf(required),
  };
}

/** They are there to pass over most expressions: more of them pass over few others. */
const mostRequired = 8;

function longestOf(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted((a, b) => b.length - a.length).slice(0, mostRequired);
}
