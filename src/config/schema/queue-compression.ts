// How a queue stores its messages: keys of [queue], and of [queues.NAME], which has those of [queue] where it says nothing.

import { key, oneOf, wholeNumber } from './fields.ts';

const kinds = ['none', 'zstd'] as const;
const highestLevel = 19;

export const compressionKeys = {
  compression: key(
    oneOf(kinds).default('none'),
    '"zstd": messages are stored compressed, where that makes them shorter; not those of more than large_message in [receive]. What is stored already is read either way. docs/queues.md says more.',
  ),
  compression_level: key(
    wholeNumber(1, highestLevel).default(1),
    'Higher levels of zstd take more time for each message and somewhat less room.',
  ),
};

export const queueCompressionKeys = {
  compression: key(oneOf(kinds).optional(), 'How its messages are stored; see compression in [queue].', {
    defaultText: 'compression in [queue]',
    example: '"zstd"',
  }),
  compression_level: key(
    wholeNumber(1, highestLevel).optional(),
    'The level of zstd; see compression_level in [queue].',
    { defaultText: 'compression_level in [queue]', example: '3' },
  ),
};
