// Checks what a sender process says about mail that has to go on, before the manager makes messages of it: a fault there must not bring about an
// envelope that nobody can read, nor a header that begins something else.

import { z } from 'zod';
import {
  mostOnwardContent,
  mostOnwardFields,
  mostOnwardMails,
  mostOnwardRecipients,
  type Onward,
} from '../values/onward-mail.ts';

/** RFC 5321 4.5.3.1: 64 and 255 octets, with room for what SRS and VERP make longer. */
const longestAddress = 1_000;

// eslint-disable-next-line no-control-regex -- control characters are what is refused
const address = z
  .string()
  .min(1)
  .max(longestAddress)
  .regex(/^[^\0-\x20\x7f<>][^\0-\x1f\x7f<>]*$/u);
const fields = z
  .string()
  .max(mostOnwardFields)
  .regex(/^(?:[!-9;-~]+:[^\0\r\n]*\r\n)*$/u);

const mail = z.strictObject({
  reason: z.enum(['forward', 'alias', 'autoreply']),
  reversePath: address.or(z.literal('')),
  recipients: z.array(address).min(1).max(mostOnwardRecipients),
  fields,
  content: z.string().min(1).max(mostOnwardContent).exactOptional(),
  verp: z.string().length(2).exactOptional(),
  isExpanded: z.literal(true).exactOptional(),
});

const onward = z.strictObject({
  mails: z.array(mail).min(1).max(mostOnwardMails),
  hasCopy: z.boolean(),
});

/** @returns what was said, or a clause that says why it cannot be believed */
export function checkedOnward(value: unknown): Onward | string {
  const read = onward.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`;
  }
  const count = read.data.mails.reduce((sum, { recipients }) => sum + recipients.length, 0);
  return count > mostOnwardRecipients ? `it has ${count} recipients` : read.data;
}
