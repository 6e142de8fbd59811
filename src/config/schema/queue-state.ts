// Whether a queue is used.

import { expected, key } from './fields.ts';
import { z } from 'zod';

export const queueStateKeys = {
  stopped: key(
    z.boolean({ error: expected('true or false') }).optional(),
    'It takes no mail and delivers none, and none of its files is open, until "sluice queue start --queue NAME". What was said by "sluice queue start" and "sluice queue stop" last holds in place of it.',
    { defaultText: 'false', example: 'true' },
  ),
};
