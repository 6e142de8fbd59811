// The queues whose mail a [[stage]] is asked about. Kinds have it that can do all of their work from RCPT on: before, the queue is not known.

import { z } from 'zod';

import { expected, expectedForms, key, listOf } from '../fields.ts';

function queueNames() {
  const form = 'the name of a queue, or a list of them';
  const name = z.string({ error: expected('the name of a queue') });
  const names = listOf(name, 'names of queues').min(1, 'must name one queue at least');
  const either = z.union([name.transform((one) => [one]), names], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

export const queueKey = {
  queue: key(
    queueNames().optional(),
    'The queues whose mail it is asked about: names of [queues.NAME], or "default". It is asked at RCPT about recipients of these queues, and later about messages with such a recipient. Before RCPT it is not asked, and a queue that is chosen by results or header fields is known too late. docs/queues.md says more.',
    { defaultText: 'all mail', example: '"news"' },
  ),
};
