// [mailboxes]: where the mailboxes of the users are.

import { mailboxPathFault } from '../../values/mailbox-path.ts';
import { ValueError } from '../../values/value-error.ts';
import { key, tableOf, textOf } from './fields.ts';
import { subaddressSeparators } from './texts.ts';

function template(text: string): string {
  const fault = mailboxPathFault(text);
  if (fault !== undefined) throw new ValueError(fault);
  return text;
}

function separators(text: string): string {
  return text === '' ? text : subaddressSeparators(text);
}

export const mailboxes = tableOf({
  path: key(
    textOf('a path such as "/var/mail/${domain}/${user}"', template).prefault('./var/mail/${domain}/${user}'),
    'Where the mailbox of a user is: ${domain} and ${user} stand for the two parts of the address of the user, in lower case. It is made at the first delivery; the folders in front of the first name with ${...} must be there, and the user of the sender processes must be able to write to them. A relative path starts at the folder of the configuration file. A user whose source in the directory names a mailbox has that one.',
    { example: '"/var/mail/${domain}/${user}"' },
  ),
  subaddress: key(
    textOf('separators such as "+"', separators).prefault('+'),
    'Characters that separate a user from what is added: mail to user+lists@example.com is for user@example.com. "" for none.',
  ),
});
