// The rules for a new password that a user chooses.

import { maxPasswordBytes } from '../password/bounds.ts';

const leastCharacters = 8;

/**
 * What is wrong with a password by itself: a clause such as "it has fewer than 8 characters".
 * @returns undefined when nothing is
 */
export function passwordFault(next: string): string | undefined {
  if (Buffer.byteLength(next) > maxPasswordBytes) return `it has more than ${maxPasswordBytes} bytes`;
  if ([...next].length < leastCharacters) return `it has fewer than ${leastCharacters} characters`;
  if (/\p{Cc}/u.test(next)) return 'it has control characters';
  return undefined;
}

/** What is wrong with it for the user with these addresses: whoever guesses tries them first. */
export function passwordFaultFor(next: string, addresses: readonly string[]): string | undefined {
  const word = next.trim().toLowerCase();
  const isAddress = addresses.some((address) => {
    const at = address.lastIndexOf('@');
    return word === address.toLowerCase() || (at > 0 && word === address.slice(0, at).toLowerCase());
  });
  return isAddress ? 'it is an address of the user, or the part before its @' : undefined;
}
