// The two delimiters of variable envelope return paths (VERP), as Postfix has them: `+=` makes list+user=example.com@example.org.

import { ValueError } from './value-error.ts';

/** Those of Postfix (`default_verp_delimiters`). */
export const usualVerpDelimiters = '+=';

/** Characters that may be delimiters (`verp_delimiter_filter` of Postfix): what every mail system takes in a local part. */
export const verpDelimiterCharacters = '-=+';

export function areVerpDelimiters(text: string): boolean {
  return /^[-=+]{2}$/u.test(text);
}

/** @throws ValueError unless they are two of the characters */
export function parseVerpDelimiters(text: string): string {
  if (areVerpDelimiters(text)) return text;
  throw new ValueError(`"${text}" is not two of the characters ${[...verpDelimiterCharacters].join(' ')}`);
}
