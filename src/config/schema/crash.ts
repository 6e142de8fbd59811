// The table [crash]: what is kept of a process that crashed, and when one that stands still is ended.

import { z } from 'zod';

import { duration, expected, key, size, tableOf, wholeNumber, yesNo } from './fields.ts';

export const crash = tableOf({
  folder: key(
    z
      .string({ error: expected('the name of a folder') })
      .min(1, 'must not be empty')
      .optional(),
    'Where reports and cores of crashed processes are kept. A relative path starts at the folder of the configuration file.',
    { defaultText: 'crash in the folder of the spool', example: '"/var/lib/sluice/crash"' },
  ),
  keep: key(
    wholeNumber(1, 1000).default(20),
    'The most crashes that are kept; the oldest make room, with their reports and cores.',
  ),
  max_age: key(duration(60_000).prefault('30d'), 'What is kept of a crash is removed after this time.'),
  max_size: key(
    size(1_048_576).prefault('1GiB'),
    'The most room for reports and cores of all crashes together; the oldest make room. The newest crash is kept, but not a core that is larger than this.',
  ),
  cores: key(
    yesNo().default(false),
    'Ask the system for a core dump of a process that crashes. A core has everything that was in the memory of the process: mail, passwords, private keys. sluice doctor says whether the system would write one.',
  ),
  environment: key(
    yesNo().default(false),
    'Reports have the environment variables, which may hold passwords.',
  ),
  addresses: key(
    yesNo().default(false),
    'Reports have the network addresses of this host and of open connections.',
  ),
  unresponsive_after: key(
    duration(5_000, 86_400_000).prefault('1m'),
    'A process that has not answered the supervisor for this long is ended and started again. The supervisor counts the seconds in which it runs itself, so a host that sleeps ends nothing.',
  ),
  set_aside_after: key(
    wholeNumber(0, 100).default(2),
    'A message that was in hand at so many crashes is held, until sluice queue release. 0: no message is held for this.',
  ),
});
