// [[recipients]]: which mailboxes the domains have that mail is accepted for.

import { z } from 'zod';

import { formatDomainPattern } from '../../values/domain.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { callAhead } from './call-ahead.ts';
import { recipientDomains } from './lists.ts';
import { subaddressSeparators } from './texts.ts';

function path() {
  return z.string({ error: expected('the name of a file or folder') }).min(1, 'must not be empty');
}

const recipients = tableOf({
  domain: key(
    recipientDomains().optional(),
    'The domains whose mailboxes are in the table. "*.example.com" means every domain under example.com, not example.com itself. The most specific match counts.',
    {
      defaultText: 'must be given; with control: all domains that no other [[recipients]] names',
      example: '["example.com"]',
    },
  ),
  table: key(
    z.string({ error: expected('the name of a [[table]]') }).optional(),
    'The name of the [[table]] with the mailboxes: "user@example.com", or "@example.com" for a domain that takes mail to any name.',
    { defaultText: 'none: give another source instead', example: '"users"' },
  ),
  aliases: key(
    z.string({ error: expected('the name of a [[table]]') }).optional(),
    'The name of a [[table]] with names that stand for other addresses, beside another source or alone. They are checked here, and expanded where the mail is delivered.',
    { defaultText: 'none', example: '"aliases"' },
  ),
  directory: key(
    yesNo().optional(),
    'The mailboxes are the users of the directory and their aliases, instead of those of a table.',
    { defaultText: 'false', example: 'true' },
  ),
  local: key(
    yesNo().optional(),
    'The mailboxes are the users of the system, as [local] describes them, instead of those of a table.',
    { defaultText: 'false', example: 'true' },
  ),
  program: key(
    listOf(
      z.string({ error: expected('a word of a command') }).min(1, 'must not be empty'),
      'words such as ["/usr/local/bin/mailbox-exists"]',
    )
      .min(1, 'must name a program')
      .optional(),
    'A program says which mailboxes there are, instead of a table: its absolute path, and its arguments. The mailbox is its last argument. It ends with 0 when the mailbox is there and with 1 or 100 when it is not; with anything else, such as 111, it cannot tell, and the client is answered 451.',
    { defaultText: 'none', example: '["/usr/local/bin/mailbox-exists", "--"]' },
  ),
  call_ahead: key(
    callAhead.optional(),
    'Other servers are asked which recipients exist, by MAIL and RCPT alone, and their answers are kept. docs/recipients.md says what their answers mean.',
  ),
  control: key(
    path().optional(),
    'A file in the format of control/recipients of s/qmail says which source knows which recipients. It is read again when it changes. Clients that may relay are not asked about.',
    { defaultText: 'none', example: '"/var/qmail/control/recipients"' },
  ),
  home: key(
    path().optional(),
    'For control: the folder where the paths in the file begin, and in which its programs are run.',
    { defaultText: 'the folder above that of control', example: '"/var/qmail"' },
  ),
  time_limit: key(
    duration(1000, 25_000).prefault('20s'),
    'For program and control: how long it may take, with the wait for others. Then it is killed, and cannot tell.',
  ),
  cache_time: key(
    duration(0, 3_600_000).prefault('1m'),
    'For program and control: for so long an answer of a program is kept, also that a mailbox is unknown; "0s" for not at all.',
  ),
  programs: key(
    wholeNumber(1, 1000).default(10),
    'For program and control: the most programs that run at the same time, for each process of receivers. Other sessions wait in line.',
  ),
  waiting: key(
    wholeNumber(0, 100_000).default(500),
    'For program and control: the most look-ups that wait in line; any further one is answered 451.',
  ),
  key: key(
    oneOf(['address', 'local_part']).default('address'),
    'What is looked up: the whole address, or only the part before the @, for tables of the users of one system.',
  ),
  subaddress: key(
    textOf('separators such as "+"', subaddressSeparators).optional(),
    'Characters that separate a mailbox from what its owner adds to it: with "+", user+lists@example.com is accepted when user@example.com is there.',
    { defaultText: 'none; with control: "-"', example: '"+"' },
  ),
});

/** What knows the mailboxes: each [[recipients]] has one. */
const sources = ['table', 'directory', 'local', 'program', 'control', 'call_ahead'] as const;

type Recipients = z.output<typeof recipients>;
type Add = (message: string, ...path: (string | number)[]) => void;

function checkOne(each: Recipients, add: Add): void {
  const given = sources.filter((source) => each[source] !== undefined && each[source] !== false);
  const [first, second] = given;
  if (first === undefined && each.aliases === undefined) {
    add(
      'needs a source of mailboxes: table, with the name of a [[table]], or directory = true, or local = true, or program, or control',
    );
  } else if (second !== undefined) {
    add(`${given.join(' and ')} exclude each other: give only one of ${sources.join(', ')}`, second);
  }
  if (each.program !== undefined && each.program[0]?.startsWith('/') !== true)
    add('must begin with the absolute path of a program', 'program');
  if (each.domain === undefined && each.control === undefined)
    add('is missing: the domains whose mailboxes are meant', 'domain');
  if (each.home !== undefined && each.control === undefined) add('is only for control', 'home');
  if (each.key === 'local_part' && each.control !== undefined)
    add('cannot be "local_part" with control, whose sources know whole addresses', 'key');
  if (each.call_ahead === undefined) return;
  if (each.key === 'local_part')
    add('cannot be "local_part" with call_ahead, whose servers are asked for whole addresses', 'key');
  if (each.subaddress !== undefined)
    add('is not for call_ahead: the server that is asked knows its subaddresses itself', 'subaddress');
}

/** All of them. No two have the same domain. */
export const recipientChecks = listOf(recipients, 'tables: [[recipients]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  const claim = (text: string, index: number, what: string, ...path: (string | number)[]): void => {
    const earlier = seen.get(text);
    const message = `${what} already in recipients[${(earlier ?? 0) + 1}]`;
    if (earlier !== undefined) context.addIssue({ code: 'custom', message, path: [index, ...path] });
    seen.set(text, index);
  };
  for (const [index, each] of all.entries()) {
    checkOne(each, (message, ...path) =>
      context.addIssue({ code: 'custom', message, path: [index, ...path] }),
    );
    if (each.domain === undefined) claim('', index, 'all other domains are');
    for (const [at, pattern] of (each.domain ?? []).entries())
      claim(formatDomainPattern(pattern), index, 'this domain is', 'domain', at);
  }
});
