// The users of the system that processes run as.

import { ValueError } from '../../values/value-error.ts';
import { key, tableOf, textOf } from './fields.ts';

/** A name that `id` understands: it may have a domain (`sluice@example.com`), or be a number; it is no option. */
function userName(text: string): string {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.@\\-]{0,254}\$?$/u.test(text)) {
    throw new ValueError(`${JSON.stringify(text)} is not the name of a user; write one such as "sluice"`);
  }
  return text;
}

export function user() {
  return textOf('the name of a user of this system such as "sluice"', userName);
}

function ofRole(does: string) {
  return key(user().optional(), does, { defaultText: 'that of user', example: '"sluice-receiver"' });
}

/** [users] */
export const users = tableOf({
  receiver: ofRole('The user of the processes that receive mail.'),
  sender: ofRole('The user of the processes that deliver mail.'),
  manager: ofRole('The user of the manager, which owns the spool.'),
  keys: ofRole(
    'The user of the process that has the directory of users and their stored passwords, where there is a [[directory]].',
  ),
  control: ofRole('The user of the process that answers the commands of administrators.'),
});
