// From [[sending_limit]] to the rules of sending limits.

import type { Config } from '../config/config.ts';
import type { SendingRule } from '../policy/sending/types.ts';

const usualWaitMs = 86_400_000;

export function sendingRules({
  sendingLimit,
  queue,
}: Pick<Config, 'sendingLimit' | 'queue'>): readonly SendingRule[] {
  return sendingLimit.map(({ beyond, longestWait = usualWaitMs, ...rule }) => ({
    ...rule,
    beyond:
      beyond === 'tempfail'
        ? { kind: 'tempfail' }
        : // A message must not be near the end of its lifetime at its first attempt.
          { kind: 'pace', longestWaitMs: Math.min(longestWait, queue.lifetime / 2) },
  }));
}
