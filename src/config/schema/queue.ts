// [queue]: how long mail waits, when it is tried again, and how it is kept safe on disk.

import { z } from 'zod';

import { duration, expected, key, oneOf, size, tableOf } from './fields.ts';
import { compressionKeys } from './queue-compression.ts';
import { ownAddresses } from './queue-own.ts';
import { queueRoomKeys } from './queue-room.ts';
import { queueQuotaOfTenants } from './tenant-quotas.ts';
import { retry, retryMeaning } from './retry.ts';

/** The keys of [queue]. */
export const queue = tableOf({
  lifetime: key(
    duration(1000).prefault('5d'),
    'A message that could not be delivered within this time goes back to its sender (RFC 5321 4.5.4.1 asks for 4 to 5 days).',
  ),
  bounce_lifetime: key(
    duration(1000).prefault('1d'),
    'The lifetime of bounces and other messages with the null sender. After it they are given up.',
  ),
  retry: key(
    retry().prefault(['5m', '15m', '30m', '1h', '2h', '4h']),
    `The time from a failed attempt to the next one. ${retryMeaning}`,
  ),
  retry_jitter: key(
    z
      .number({ error: expected('a number from 0 to 1') })
      .min(0, { error: expected('a number from 0 to 1') })
      .max(1, { error: expected('a number from 0 to 1') })
      .default(0.1),
    'Each time of retry is made longer or shorter at random by up to this fraction of it, so that mail that failed at the same time is not tried again at the same time.',
  ),
  segment_size: key(
    size(64 * 1024, 4 * 1024 ** 3).prefault('64MiB'),
    'The spool is written in files (segments) of about this size; a segment is removed when all mail in it is done. At most 4 GiB.',
  ),
  reserve: key(
    size().prefault('256MiB'),
    'Space to keep free on the disk of the spool. When less would be left, new mail is answered 452; mail that was accepted before is still delivered.',
  ),
  sync: key(
    oneOf(['fdatasync', 'none']).default('fdatasync'),
    '"fdatasync": a message is on stable storage before its sender hears that it was accepted. "none": faster, but a power cut or a crash of the system LOSES accepted mail of the last half minute or so; only for mail that you can send again.',
  ),
  journal_sync: key(
    duration(1).prefault('100ms'),
    'The outcome of a delivery is on stable storage within this time. After a power cut, deliveries of this last period may be repeated; no mail is lost.',
  ),
  relocate_after: key(
    duration(1000).prefault('10m'),
    'Mail that still waits after this time is moved to where other such mail is, so that one message does not keep a whole segment on the disk.',
  ),
  source: key(
    ownAddresses(),
    'Connections are made from these addresses alone, unless a [[route]] or a [queues.NAME] names others. Each is that of a [[source]].',
    { defaultText: 'all [[source]] tables', example: '["192.0.2.25", "2001:db8::25"]' },
  ),
  ...compressionKeys,
  ...queueRoomKeys,
  ...queueQuotaOfTenants,
});
