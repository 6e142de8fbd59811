// [local]: mail for users of the system, which a [[route]] with local = true delivers.

import { normalize } from 'node:path';

import { ValueError } from '../../values/value-error.ts';
import { duration, key, listOf, oneOf, size, tableOf, textOf, wholeNumber } from './fields.ts';
import { subaddressSeparators } from './texts.ts';

const minuteMs = 60_000;

function absolutePath(text: string): string {
  if (!text.startsWith('/') || text.includes('\0')) throw new ValueError('must be an absolute path');
  return normalize(text);
}

/** A path from the home or from / on, in which `${user}` may stand. */
function mailboxOfUser(text: string): string {
  if (!/^(?:\.\/|\/)[^\0\n]+$/.test(text))
    throw new ValueError('must begin with ./ (the home of the user) or with /');
  const [other] = text.match(/\$\{(?!user\})[^}]*\}/) ?? [];
  if (other !== undefined) throw new ValueError(`has ${other}: only \${user} may stand in it`);
  if (text.startsWith('/') && !text.includes('${user}'))
    throw new ValueError('needs ${user}: else all users would have one mailbox');
  return text;
}

function userName(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(text)) throw new ValueError('must be the name of a user');
  if (text === 'root') throw new ValueError('must not be root: strangers write what this user gets');
  return text;
}

function separators(text: string): string {
  return text === '' ? text : subaddressSeparators(text);
}

export const localUsers = tableOf({
  instructions: key(
    oneOf(['qmail', 'forward']).default('qmail'),
    'Which file in the home of a user says what becomes of the mail: "qmail": .qmail, and .qmail-EXT for extensions, as with qmail; "forward": .forward, as with Postfix and Sendmail.',
  ),
  mailbox: key(
    textOf('a path such as "./Maildir/"', mailboxOfUser).prefault('./Maildir/'),
    'Where mail goes that no file of the user says anything about. ./ is the home of the user, and ${user} stands for the name. With a / at its end it is a Maildir, which is made if it is not there; else it is a file in the format mbox.',
    { example: '"/var/mail/${user}"' },
  ),
  subaddress: key(
    textOf('separators such as "+"', separators).optional(),
    'Characters that separate a user from what is added: mail to user-lists@example.com is for the user "user" with the extension "lists". "" for none.',
    { defaultText: '"-" with .qmail, "+" with .forward', example: '"+"' },
  ),
  aliases: key(
    listOf(textOf('an absolute path', absolutePath), 'paths such as ["/etc/aliases"]').prefault([
      '/etc/aliases',
    ]),
    'Files with aliases (`name: address, ...`), which come before users. One that is not there has no aliases.',
  ),
  alias_permits: key(
    listOf(oneOf(['program', 'file', 'include']), 'a list of "program", "file" and "include"').prefault([
      'program',
      'file',
      'include',
    ]),
    'What an alias may name, beside addresses: programs ("|..."), files ("/...") and files with further addresses (":include:/..."). Mail for one that names something else waits.',
  ),
  alias_user: key(
    textOf('a user such as "alias"', userName).optional(),
    'The user whom programs and files of aliases run and are written as. With .qmail, this user gets the mail that is for no user, too, by files such as .qmail-postmaster in the home of this user.',
    { defaultText: '"alias" if there is such a user, else "nobody" for aliases', example: '"alias"' },
  ),
  least_uid: key(
    wholeNumber(1, 2 ** 31).default(500),
    'Users with a smaller number get no mail by their names, since they are no people. Root never does.',
  ),
  per_user: key(
    wholeNumber(1, 1_000).default(4),
    'Deliveries to one user at the same time. While all of them take long, further mail for this user waits, and nobody else does.',
  ),
  time: key(
    duration(1_000, 24 * 60 * minuteMs).prefault('5m'),
    'How long a delivery may take, with all programs that the user names. After that it is ended, and the mail is tried again later.',
  ),
  memory: key(
    size(1024 * 1024, 2 ** 45).optional(),
    'How much memory (address space) each process of a program may have. It needs the program prlimit of util-linux.',
    { defaultText: 'no limit', example: '"256MiB"' },
  ),
  processes: key(
    wholeNumber(1, 1_000_000).default(256),
    'How many processes and threads the user may have, of mail or not, while a program of a mail starts another one. It needs prlimit, too; without it, there is no such limit.',
  ),
  output: key(
    size(0, 1024 * 1024).prefault('64KiB'),
    'How much a program may print. If it prints more, it is ended, and the mail is tried again later.',
  ),
});
