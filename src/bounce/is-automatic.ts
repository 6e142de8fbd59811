// Was a message written by a program or for a list? Then nobody reads news of its delay.

import { headerFields } from '../message/header-fields.ts';

const ofMasses = /^\s*(?:bulk|junk|list)\s*$/iu;
const byPerson = /^\s*no\s*(?:[;(]|$)/iu;

/** True for Auto-Submitted with another value than `no` (RFC 3834 5), and for Precedence: bulk, junk or list. */
export function isAutomatic(message: readonly Uint8Array[]): boolean {
  const bytes = message.length === 1 ? (message[0] as Uint8Array) : Buffer.concat(message);
  for (const { name, valueStart, end } of headerFields(bytes)) {
    if (name !== 'auto-submitted' && name !== 'precedence') continue;
    const value = Buffer.from(bytes.subarray(valueStart, end)).toString('latin1').trim();
    if (name === 'precedence' ? ofMasses.test(value) : !byPerson.test(value)) return true;
  }
  return false;
}
