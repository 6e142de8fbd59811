// [[stage]] of kind "greylist": mail of whom nobody knows has to come twice.

import { duration, key, listOf, oneOf, textOf, wholeNumber } from '../fields.ts';
import { parseSenderPattern } from '../../../values/domain.ts';
import { exceptions } from './defence-keys.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

const day = 86_400_000;

export const greylistStage = stageKind(
  'greylist',
  'greylisting: mail from a network that has not sent for this sender to this domain before is refused for now. It is asked after the relay check and [[recipients]]. docs/greylisting.md says more.',
  {
    ...queueKey,
    time_limit: key(
      duration(1000, 600_000).prefault('5s'),
      'How long the answer may take. Beyond that it has failed.',
    ),
    on_failure: key(
      oneOf(['continue', 'tempfail', 'quarantine', 'disconnect']).default('continue'),
      'What happens when its database cannot be asked: the mail goes on as if it had not been asked; the client is asked to try again later (451); the message is held; the client is disconnected with 421.',
    ),
    delay: key(
      duration(1000, day).prefault('5m'),
      'How long mail has to wait, from its first attempt on. Many servers try again after 5 to 15 minutes.',
    ),
    window: key(
      duration(60_000, 30 * day).prefault('2d'),
      'How long a first attempt is remembered. What has not come again by then begins anew.',
    ),
    lifetime: key(
      duration(3_600_000, 400 * day).prefault('36d'),
      'How long what has passed is remembered after its last mail: longer than a month, so that monthly mail need not wait.',
    ),
    allow_after: key(
      wholeNumber(0, 1000).default(5),
      'A network is allowed as a whole when mail of so many different senders or domains has passed from it; 0 for never.',
    ),
    network_ipv4: key(
      wholeNumber(8, 32).default(24),
      'The bits of an IPv4 address that count: servers of a provider try again from another address of the same network.',
    ),
    network_ipv6: key(wholeNumber(16, 128).default(64), 'The bits of an IPv6 address that count.'),
    at: key(
      oneOf(['rcpt', 'data', 'content']).optional(),
      'Where it is asked. "rcpt": at RCPT, and about bounces at DATA. "data": at DATA. "content": at the end of a message.',
      { defaultText: '"rcpt", or where the results of except_results are known', example: '"data"' },
    ),
    ...exceptions,
    except_recipients: key(
      listOf(
        textOf('an address such as "postmaster@example.com", or a domain', parseSenderPattern),
        'addresses or domains',
      ).default([]),
      'Recipients whose mail it is not asked about: addresses or domains.',
      { example: '["postmaster@example.com"]' },
    ),
    entries: key(
      wholeNumber(1000, 10_000_000).default(1_000_000),
      'The most senders and domains that it remembers. Beyond that, what would be forgotten first goes. A million takes about 150 MB on the disk.',
    ),
  },
  'unknown',
);
