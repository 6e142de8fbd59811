// The name of the user that runs a program, for an envelope sender.

import { userInfo } from 'node:os';

/**
 * The login name, or `uid-1000` for a user that has none: containers run programs under numbers that no file of users has.
 *
 * @param lookUp - asks the system; it throws when the user is unknown
 */
export function loginName(lookUp: () => { readonly username: string } = userInfo): string {
  try {
    return lookUp().username;
  } catch {
    return `uid-${process.getuid?.() ?? 0}`;
  }
}
