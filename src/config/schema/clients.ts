// [clients]: the table of rules for clients.

import { z } from 'zod';

import { expected, key, tableOf } from './fields.ts';

/** @param also - what else the name may be, for the message */
export function rulesTable(also = '') {
  return z.string({ error: expected(`the name of a [[table]]${also}`) });
}

export const clients = tableOf({
  rules: key(
    rulesTable().min(1, 'must name a [[table]], or be left out').optional(),
    'The name of a [[table]] of kind "rules" or "tcprules": which clients may connect and relay, how large their messages may be, and what stages are told of them. It is read again when it changes; docs/client-rules.md says what is in it.',
    { defaultText: 'none: there are no rules', example: '"clients"' },
  ),
});
