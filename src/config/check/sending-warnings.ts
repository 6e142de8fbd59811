// Warnings of sending limits that are valid but never hold.

import { formatDuration } from '../../values/duration.ts';
import type { Rate } from '../../values/rate.ts';
import type { Config, SendingLimitConfig } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { Path } from '../read/toml.ts';

export function sendingWarnings(config: Config): ConfigWarning[] {
  return config.sendingLimit.flatMap((limit, index) => {
    const at = (key: string): Path => ['sending_limit', index, key];
    const nobody = whyNobody(limit, config);
    return [
      ...(nobody === undefined ? [] : [{ path: at('by'), message: nobody }]),
      ...(['messages', 'recipients'] as const).flatMap((quantity) =>
        idleRates(limit[quantity] ?? []).map((message) => ({ path: at(quantity), message })),
      ),
      ...(limit.beyond === 'pace' && [limit.messages, limit.recipients].every((all = []) => all.length === 0)
        ? [{ path: at('beyond'), message: 'nothing is beyond "unlimited", so nothing is paced' }]
        : []),
      ...longWait(limit, config).map((message) => ({ path: at('longest_wait'), message })),
    ];
  });
}

function whyNobody({ by }: SendingLimitConfig, { directory, listen, tenant }: Config): string | undefined {
  if (by === 'tenant' && tenant.length === 0) return 'there is no [[tenant]], so no mail is counted';
  const doesLogIn = directory.length > 0 || listen.some(({ xclient }) => xclient.length > 0);
  if (by !== 'user' || doesLogIn) return undefined;
  return 'there is no [[directory]] and no front end in xclient, so nobody logs in, and no mail is counted';
}

/** A rate of a shorter period than one that does not allow more. */
function idleRates(rates: readonly Rate[]): string[] {
  return rates.flatMap((rate) => {
    const stricter = rates.find(({ count, perMs }) => perMs > rate.perMs && count <= rate.count);
    if (stricter === undefined) return [];
    return [
      `${rate.count} in ${formatDuration(rate.perMs)} can never be reached, since ${stricter.count} are allowed in ${formatDuration(stricter.perMs)}`,
    ];
  });
}

function longWait({ beyond, longestWait }: SendingLimitConfig, { queue }: Config): string[] {
  if (beyond !== 'pace' || longestWait === undefined || longestWait <= queue.lifetime / 2) return [];
  const half = formatDuration(queue.lifetime / 2);
  return [
    `${formatDuration(longestWait)} is more than half of lifetime in [queue], so no message waits for longer than ${half}`,
  ];
}
