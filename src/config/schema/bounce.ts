// [bounce]: the reports that go back to senders.

import { z } from 'zod';

import { duration, expected, key, listOf, size, tableOf, textOf, yesNo } from './fields.ts';
import { language } from './report-texts.ts';
import { mailbox, tenantName } from './texts.ts';
import { file } from './tls.ts';
import { verp } from './verp.ts';

/** The keys of [bounce]. */
export const bounce = tableOf({
  from: key(
    textOf('a mail address', mailbox).optional(),
    'The address in the From line of bounces. Their envelope sender is always empty.',
    {
      defaultText: 'MAILER-DAEMON@hostname',
      example: '"MAILER-DAEMON@mail.example.com"',
    },
  ),
  postmaster: key(
    textOf('a mail address', mailbox).optional(),
    'The address that is told of bounces from this server that cannot be delivered (double bounces).',
    { defaultText: 'nobody: they are logged and dropped', example: '"postmaster@example.com"' },
  ),
  max_original_size: key(
    size().prefault('64KiB'),
    'A bounce returns the whole message up to this size, and only the header of a larger one.',
  ),
  warn_after: key(
    listOf(duration(1000), 'durations such as ["4h", "1d"]')
      .max(20, 'must hold at most 20 durations')
      .prefault(['4h']),
    'The sender is told that a message waits still when it has waited for these times: one report about all recipients that wait. [] for none. Senders ask for it, or forbid it, by NOTIFY (RFC 3461).',
  ),
  language: key(
    language().prefault('en'),
    'The language of the texts for people: "en", "de", "fr", or one of a file in texts. A [[tenant]] may have another one.',
  ),
  original_language: key(
    yesNo().default(false),
    "Take the language that the header of the sender's message names (Accept-Language, Content-Language), where there are texts in it.",
  ),
  texts: key(
    listOf(file(), 'files such as ["bounce.de.toml"]').max(100, 'must name at most 100 files').prefault([]),
    'Files with texts of your own, one for each language and tenant; docs/bounces.md has their keys. Texts that a file leaves out stay.',
    { example: '["bounce.de.toml"]' },
  ),
  tenant: key(
    textOf('a name such as "newsletters"', tenantName).optional(),
    'The tenant that reports belong to, with its share and its limits.',
    { defaultText: 'that of the message which the report is about', example: '"bounces"' },
  ),
  route: key(
    z.string({ error: expected('the name of a route') }).optional(),
    'The name of the [[route]] that reports take.',
    { defaultText: 'as other mail to the same address', example: '"bounces"' },
  ),
  verp: key(
    verp().optional(),
    'Senders of their own for the recipients of all mail, so that a bounce tells by its address whom it is about; see verp in [[route]].',
    { defaultText: 'false', example: 'true' },
  ),
});
