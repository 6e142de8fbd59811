// [bounce]: the reports that go back to senders.

import { duration, key, listOf, size, tableOf, textOf } from './fields.ts';
import { mailbox } from './texts.ts';

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
});
