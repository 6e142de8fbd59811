// [mailboxes]: where the mailboxes of the users are.

import { z } from 'zod';
import { mailboxPathFault } from '../../values/mailbox-path.ts';
import { ValueError } from '../../values/value-error.ts';
import { duration, expected, key, oneOf, size, tableOf, textOf, wholeNumber } from './fields.ts';
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
  folders: key(
    oneOf(['none', 'existing', 'create']).default('none'),
    'Mail to user+lists@example.com goes into the folder "lists" of the mailbox: "existing": when there is such a folder; "create": it is made. Else it is in the inbox with all other mail.',
  ),
  aliases: key(
    z.string({ error: expected('the name of a [[table]]') }).optional(),
    'The name of a [[table]] with names that stand for other addresses, of this server or elsewhere. Mail for them is accepted, and goes on to those addresses.',
    { defaultText: 'none', example: '"aliases"' },
  ),
  quota: key(
    size(1).optional(),
    'The most bytes of mail in a mailbox. A user whose source in the directory names a quota has that one; 0 there is no limit.',
    { defaultText: 'no limit', example: '"2GiB"' },
  ),
  quota_messages: key(wholeNumber(1, 1_000_000_000).optional(), 'The most messages in a mailbox.', {
    defaultText: 'no limit',
    example: '100000',
  }),
  domain_quota: key(
    size(1).optional(),
    'The most bytes of mail in all mailboxes of a domain together, for each domain. docs/quotas.md says more.',
    { defaultText: 'no limit', example: '"100GiB"' },
  ),
  domain_quota_messages: key(
    wholeNumber(1, 1_000_000_000).optional(),
    'The most messages in all mailboxes of a domain together, for each domain.',
    { defaultText: 'no limit', example: '1000000' },
  ),
  over_quota: key(
    oneOf(['wait', 'return']).default('wait'),
    'What becomes of mail for a mailbox that is full: "wait": it is tried again (4.2.2), until its lifetime ends; "return": it goes back to its sender (5.2.2).',
  ),
  grace: key(
    duration().prefault('0s'),
    'With over_quota = "return": mail waits until the mailbox has been full for this time, and only then goes back.',
  ),
  quota_warning: key(
    wholeNumber(0, 99).default(90),
    'When a mailbox reaches this percentage of its quota, its user gets a message that says so, in the language of [bounce]. 0 for none.',
  ),
});
