// [queues.NAME] and [[assignment]]: queues beside the default one, and whose mail they get. docs/queues.md says more.

import { z } from 'zod';

import { defaultQueue } from '../../values/queue-name.ts';
import { contentConditionKeys, refuseReportConditions, reportsKey } from './assignment-content.ts';
import { duration, expected, key, listOf, size, tableOf, textOf } from './fields.ts';
import { networks, recipientDomains, senders } from './lists.ts';
import { queueCompressionKeys } from './queue-compression.ts';
import { queueOperatorKeys } from './queue-operators.ts';
import { queueOwnKeys } from './queue-own.ts';
import { queueRoomKeys } from './queue-room.ts';
import { queueStateKeys } from './queue-state.ts';
import { retry, retryMeaning } from './retry.ts';
import { listenName } from './texts.ts';
import { userPattern } from './tenant.ts';

/** A number of a store is one byte, and the default queue has the first. */
const mostQueues = 255;

/** It stands in commands, logs and names of folders; without a dot, so that it needs no quotes in the file. */
function nameFault(name: string): string | undefined {
  if (name === defaultQueue) return `"${defaultQueue}" is the name of the queue of [queue]`;
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) return undefined;
  return `${JSON.stringify(name)} is not the name of a queue; write 1 to 64 letters, digits, "_" and "-", e.g. "news"`;
}

const queue = tableOf({
  path: key(
    z
      .string({ error: expected('the name of a folder') })
      .min(1, 'must not be empty')
      .optional(),
    'The folder where its mail is kept, of this queue alone; it may be on another disk. Its parent must be there. A relative path starts at the folder of the configuration file.',
    { defaultText: 'queues/NAME beside the folder of spool', example: '"/srv/mail/news"' },
  ),
  reserve: key(size().optional(), 'Space to keep free on its disk; see reserve in [queue].', {
    defaultText: 'reserve in [queue]',
    example: '"1GiB"',
  }),
  retry: key(retry().optional(), `The time from a failed attempt to the next one. ${retryMeaning}`, {
    defaultText: 'retry in [queue]',
    example: '["1m", "5m", "30m"]',
  }),
  lifetime: key(
    duration(1000).optional(),
    'A message of it that could not be delivered within this time goes back to its sender. A [[schedule]] comes before it.',
    { defaultText: 'lifetime in [queue]', example: '"1d"' },
  ),
  bounce_lifetime: key(
    duration(1000).optional(),
    'The lifetime of bounces and other messages with the null sender in it.',
    { defaultText: 'bounce_lifetime in [queue]', example: '"12h"' },
  ),
  ...queueCompressionKeys,
  ...queueOperatorKeys,
  ...queueOwnKeys,
  ...queueRoomKeys,
  ...queueStateKeys,
});

/** Read into a list, since the names are somebody else's. */
export const queues = z
  .record(z.string(), queue, { error: expected('tables: [queues.NAME]') })
  .transform((all, context) => {
    const named = Object.entries(all).map(([name, keys]) => Object.assign(keys, { name }));
    if (named.length > mostQueues)
      context.addIssue({ code: 'custom', message: `may have ${mostQueues} queues at most` });
    for (const { name } of named) {
      const message = nameFault(name);
      if (message !== undefined) context.addIssue({ code: 'custom', message, path: [name] });
    }
    return named;
  });

const conditions = [
  'domain',
  'tenant',
  'sender',
  'client',
  'user',
  'listen',
  'results',
  'header',
  'reports',
] as const;

const assignment = tableOf({
  queue: key(
    z.string({ error: expected('the name of a queue') }),
    'The queue that gets the mail: the name of a [queues.NAME], or "default" for that of [queue].',
    { example: '"news"' },
  ),
  domain: key(
    recipientDomains().optional(),
    'Only for recipients at these domains; "*.example.com" means every domain under it, not example.com itself. A message with recipients for several queues is stored in each of them, with its recipients there.',
    { example: '["example.com", "*.example.net"]' },
  ),
  tenant: key(
    listOf(
      textOf('a tenant name', (text) => text),
      'names of [[tenant]] tables; "" is mail of no tenant',
    )
      .min(1, 'must name one tenant at least')
      .optional(),
    'Only for mail of these tenants.',
    { example: '["newsletters"]' },
  ),
  sender: key(senders().optional(), 'Only for mail of these senders: addresses, domains, or "<>".', {
    example: '["news@example.com", "example.net"]',
  }),
  client: key(
    networks().min(1, 'must name one network at least').optional(),
    'Only for mail that these clients hand in, by network.',
    { example: '["10.1.0.0/16"]' },
  ),
  user: key(
    listOf(textOf('a user such as "joe@example.com", or "@example.com"', userPattern), 'users')
      .min(1, 'must name one user at least')
      .optional(),
    'Only for mail of these users, after a log-in here or at a front end.',
    { example: '["@example.com"]' },
  ),
  listen: key(
    listOf(
      textOf('a listener such as "192.0.2.1:25"', listenName),
      'addresses of [[listen]] tables such as ["0.0.0.0:2526"]',
    )
      .min(1, 'must name one address at least')
      .optional(),
    'Only for mail that comes in at these [[listen]] addresses.',
    { example: '["0.0.0.0:2526"]' },
  ),
  ...contentConditionKeys,
  ...reportsKey,
})
  .refine((each) => conditions.some((condition) => each[condition] !== undefined), {
    message: `must say whose mail it is: by ${conditions.slice(0, -1).join(', ')} or ${conditions.at(-1)}`,
    path: ['queue'],
  })
  .superRefine(refuseReportConditions);

export const assignments = listOf(assignment, 'tables: [[assignment]]');
