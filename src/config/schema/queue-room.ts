// How much mail may wait in a queue: keys of [queue] for the default queue, and of [queues.NAME] for that queue.

import { key, size, wholeNumber } from './fields.ts';

export const queueRoomKeys = {
  max_messages: key(
    wholeNumber(1, 1_000_000_000).optional(),
    'The most messages that may wait in this queue, of all tenants together. Beyond it, further recipients whose mail is for it are answered 452; those of other queues are taken. docs/queue-quotas.md says more.',
    { defaultText: 'no limit', example: '500000' },
  ),
  max_size: key(
    size(1).optional(),
    'The most bytes of mail that may wait in this queue: the sizes of its messages together.',
    { defaultText: 'no limit', example: '"50GiB"' },
  ),
};
