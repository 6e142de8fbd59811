// [[tap]]: whose mail is copied to an archive.

import { z } from 'zod';

import { parsePosixExpression } from '../../values/posix-expression.ts';
import { formatResultCondition, parseResultCondition } from '../../values/result-condition.ts';
import { ValueError } from '../../values/value-error.ts';
import { expected, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { mailbox, tableName } from './texts.ts';

/** Kept as text. */
function expression(text: string): string {
  if (text === '') throw new ValueError('must not be empty');
  parsePosixExpression(text);
  return text;
}

const tap = tableOf({
  name: key(
    textOf('a name such as "archive"', tableName),
    'The name of the tap, for the log: letters, digits, ".", "_" and "-".',
    { example: '"archive"' },
  ),
  file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'A file in the format of control/taps. It is looked at for each message, and the first of its lines that is for a message counts.',
    { defaultText: 'none: give match and copy_to instead', example: '"/var/qmail/control/taps"' },
  ),
  match: key(
    textOf('an expression such as "@example\\\\.com$"', expression).optional(),
    'An extended regular expression of POSIX, which may match anywhere in an address, in upper or lower case.',
    { defaultText: 'none: give file instead', example: '"@example\\\\.com$"' },
  ),
  except: key(yesNo().optional(), 'The tap is for the addresses that do not match.', {
    defaultText: 'false',
    example: 'true',
  }),
  side: key(
    oneOf(['sender', 'recipient', 'either']).optional(),
    'Whose address is compared with match: that of the sender, of the recipients, or both.',
    { defaultText: '"either"', example: '"sender"' },
  ),
  copy_to: key(textOf('a mail address', mailbox).optional(), 'The address that gets the copy.', {
    defaultText: 'none: give file instead',
    example: '"archive@example.com"',
  }),
  direction: key(
    oneOf(['in', 'out', 'both']).default('both'),
    '"out": mail of clients that may relay or have logged in; "in": mail of others.',
  ),
  destination: key(
    oneOf(['any', 'local', 'remote']).default('any'),
    '"local": mail to recipients of relay_domains, the domains that this server accepts mail for; "remote": mail to others. Recipients of the other kind do not count.',
  ),
  results: key(
    listOf(
      textOf('a condition such as "rspamd.verdict=spam"', (text) =>
        formatResultCondition(parseResultCondition(text)),
      ),
      'conditions such as "rspamd.verdict=spam"',
    )
      .min(1, 'must have one condition at least')
      .optional(),
    'What a stage must have found out about the message: STAGE.KEY=VALUE. One of them is enough. Without match, the tap is then for any address.',
    { defaultText: 'nothing', example: '["rspamd.verdict=spam", "clamav.verdict=virus"]' },
  ),
  route: key(
    z.string({ error: expected('the name of a route') }).optional(),
    'The [[route]] by which the copies go, whatever routes match.',
    { defaultText: 'the routing table decides', example: '"archive"' },
  ),
  tenant: key(
    listOf(z.string({ error: expected('the name of a tenant') }), 'names of tenants')
      .min(1, 'must name one tenant at least')
      .optional(),
    'The tenants whose mail it is for.',
    { defaultText: 'any mail', example: '["customers"]' },
  ),
});

/** Each of them copies a message once at most. */
export const taps = listOf(tap, 'tables: [[tap]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  for (const [index, { name, file, match, except, side, copy_to: copyTo, results }] of all.entries()) {
    const add = (message: string, at: string): void =>
      context.addIssue({ code: 'custom', message, path: [index, at] });
    const earlier = seen.get(name);
    if (earlier !== undefined) add(`this name is already that of tap[${earlier + 1}]`, 'name');
    seen.set(name, index);
    if (file === undefined) {
      if (match === undefined && results === undefined)
        add('is missing: a tap needs match and copy_to, or a file', 'match');
      else if (copyTo === undefined) add('is missing: it says who gets the copy', 'copy_to');
    } else {
      const own = { match, except, side, copy_to: copyTo };
      for (const [at, value] of Object.entries(own)) {
        if (value !== undefined) add('cannot stand beside file, whose lines say it', at);
      }
    }
  }
});
