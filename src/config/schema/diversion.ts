// [[diversion]]: mail that is diverted to another queue by itself in a storm. docs/storms.md says more.

import { z } from 'zod';

import { parseRate } from '../../values/rate.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf, wholeNumber } from './fields.ts';
import { labelText, tenantName } from './texts.ts';
import { recipientDomains } from './lists.ts';

const kinds = ['domain', 'tenant', 'client', 'sender', 'all'] as const;
const measures = ['rate', 'failures', 'delay'] as const;
const longestMs = 7 * 86_400_000;

function share(most: number) {
  const error = expected(`a number above 0, and ${most} at most`);
  return z.number({ error }).gt(0, { error }).max(most, { error });
}

const diversion = tableOf({
  name: key(
    textOf('a name such as "storm"', labelText),
    'Its name in logs, in troubles and in "sluice divert list".',
    { example: '"storm"' },
  ),
  queue: key(
    z.string({ error: expected('the name of a queue') }),
    'The queue that gets the mail: the name of a [queues.NAME], or "default".',
    { example: '"backup"' },
  ),
  per: key(
    oneOf(kinds).prefault('domain'),
    'What is measured, and diverted, one by one: each recipient "domain", each "tenant", "client" (by IP address) or "sender" (by address); or "all" mail together.',
  ),
  rate: key(
    textOf('a rate such as "1000/min"', parseRate).optional(),
    'It begins when so many recipients come in, in all receivers together.',
    { example: '"1000/min"' },
  ),
  failures: key(
    share(1).optional(),
    'It begins when this share of the attempts to deliver fails, for now or for good. With per = "domain", "tenant" or "all".',
    { example: '0.8' },
  ),
  delay: key(
    duration(1_000, 600_000).optional(),
    'It begins when half of the answers of stage take longer than this, with per = "all".',
    { example: '"10s"' },
  ),
  stage: key(
    z.string({ error: expected('the name of a [[stage]]') }).optional(),
    'With delay: the name of the [[stage]].',
    { example: '"rspamd"' },
  ),
  window: key(
    duration(1_000, 3_600_000).prefault('5m'),
    'With failures and delay: how far back is looked. A rate has a time of its own.',
  ),
  at_least: key(
    wholeNumber(1, 1_000_000).prefault(50),
    'With failures and delay: so many attempts or answers are needed in window to tell.',
  ),
  domain: key(recipientDomains().optional(), 'Only mail to these domains counts, and is diverted.', {
    example: '["example.com", "*.example.net"]',
  }),
  tenant: key(
    listOf(
      textOf('the name of a tenant, or ""', (text) => (text === '' ? text : tenantName(text))),
      'names of tenants, "" for mail of none',
    )
      .min(1, 'must name one tenant at least')
      .optional(),
    'Only mail of these tenants counts, and is diverted.',
    { example: '["news"]' },
  ),
  calm: key(
    share(1).prefault(0.5),
    'It ends when the measure is at most this share of what begins it, for the time of calm_for.',
  ),
  calm_for: key(duration(1_000, longestMs).prefault('5m'), 'How long it must be calm before it ends.'),
  lasts: key(duration(0, longestMs).prefault('10m'), 'It ends no earlier than this after its beginning.'),
}).superRefine((rule, context) => {
  const refuse = (message: string, at: string): void =>
    context.addIssue({ code: 'custom', message, path: [at] });
  const given = measures.filter((name) => rule[name] !== undefined);
  if (given.length !== 1)
    refuse(
      `must have one of rate, failures and delay; it has ${given.length === 0 ? 'none' : given.join(' and ')}`,
      'name',
    );
  if (rule.failures !== undefined && (rule.per === 'client' || rule.per === 'sender'))
    refuse(`cannot be "${rule.per}" with failures: attempts are known by domain and tenant`, 'per');
  if (rule.delay !== undefined && rule.per !== 'all')
    refuse('must be "all" with delay: a stage that is slow is slow for all mail', 'per');
  if ((rule.delay !== undefined) !== (rule.stage !== undefined))
    refuse(rule.stage === undefined ? 'is missing: delay is that of a stage' : 'is for delay alone', 'stage');
});

export const diversions = listOf(diversion, 'tables: [[diversion]]').superRefine((all, context) => {
  for (const [index, { name }] of all.entries())
    if (all.findIndex((each) => each.name === name) !== index)
      context.addIssue({
        code: 'custom',
        message: `there is a [[diversion]] "${name}" already`,
        path: [index, 'name'],
      });
});
