// [log]: what is logged, where, and in which format.

import { z } from 'zod';

import { facilities } from '../../values/syslog-facility.ts';
import { parseSyslogPlace } from '../../values/syslog-place.ts';
import { duration, expected, key, oneOf, size, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

export const log = tableOf({
  level: key(
    oneOf(levels).default('info'),
    'How much is logged. "info" has one line for each event of a message.',
  ),
  format: key(
    oneOf(['auto', 'json', 'pretty']).default('auto'),
    '"json": one object per line, for programs. "pretty": for people. "auto": pretty on a terminal, json elsewhere.',
  ),
  stdout: key(
    yesNo().optional(),
    'Whether the log goes to standard output, beside file and syslog. docs/log.md says more.',
    { defaultText: 'true when there is neither file nor syslog', example: 'true' },
  ),
  priorities: key(
    oneOf(['auto', 'always', 'never']).default('auto'),
    'Whether each line on standard output begins with its severity, such as "<6>", as journald reads it (sd-daemon(3)). "auto": when standard output goes to journald.',
  ),
  file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'The file that the log is appended to. It is opened again on reload and by "sluice log reopen", so that other programs can rotate it.',
    { defaultText: 'standard output', example: '"/var/log/sluice.log"' },
  ),
  rotate_size: key(
    size(65_536).optional(),
    'When file has this size, it is renamed to FILE-YYYYMMDDTHHMMSSZ, and a new one is begun.',
    { defaultText: 'any size', example: '"100MiB"' },
  ),
  rotate_every: key(duration(60_000).optional(), 'The same when file is this old.', {
    defaultText: 'any age',
    example: '"1d"',
  }),
  rotate_keep: key(
    wholeNumber(1, 10_000).default(14),
    'How many of the renamed files are kept; older ones are removed.',
  ),
  rotate_compress: key(
    yesNo().default(true),
    'Whether renamed files are compressed (.gz), all but the newest.',
  ),
  syslog: key(
    textOf(
      '"local", "unix:/dev/log", "udp:127.0.0.1:514" or "tcp:127.0.0.1:601"',
      parseSyslogPlace,
    ).optional(),
    'Where a syslog server takes the log: "local" is that of this host, at /dev/log, through the program logger(1) of util-linux; "udp:" and "tcp:" send RFC 5424 to an IP address, in clear.',
    { defaultText: 'nowhere', example: '"local"' },
  ),
  syslog_facility: key(
    oneOf(facilities).default('mail'),
    'The facility of all lines in syslog (RFC 5424 6.2.1).',
  ),
  syslog_level: key(
    oneOf(levels).default('debug'),
    'Lines below this level are not sent to syslog, whatever level is. debug, info, warn and error have the severities debug, info, warning and err there.',
  ),
}).superRefine((value, context) => {
  for (const name of ['rotate_size', 'rotate_every'] as const) {
    if (value[name] !== undefined && value.file === undefined)
      context.addIssue({ code: 'custom', path: [name], message: 'needs file: only a file is rotated' });
  }
  if (value.stdout === false && value.file === undefined && value.syslog === undefined)
    context.addIssue({
      code: 'custom',
      path: ['stdout'],
      message: 'is false, and there is neither file nor syslog: the log would go nowhere',
    });
});
