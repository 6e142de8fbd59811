// A question to a policy server, in Postfix's policy delegation protocol: lines of name=value, and an empty line. Promises: no value ends its line.

import { replaceUnprintable } from '../../values/unprintable.ts';

/** Names and values in their order. */
export type PolicyAttributes = readonly (readonly [name: string, value: string])[];

/** @returns the bytes of the question. Characters that would end a line, and other control characters, become `?` */
export function encodePolicyRequest(attributes: PolicyAttributes): Buffer {
  let text = '';
  for (const [name, value] of attributes) text += `${name}=${replaceUnprintable(value, '?')}\n`;
  return Buffer.from(`${text}\n`, 'utf8');
}
