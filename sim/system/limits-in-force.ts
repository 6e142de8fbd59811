// The limits that hold at a moment, as seen from outside: those of the configuration, and those that operators have set.

import type { Config, LimitConfig } from '../../src/config/config.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { OverrideBooks } from './override-books.ts';
import { ownFiles } from './scenario.ts';

export interface LimitsInForce {
  /** While an operator waits for an answer, nobody outside knows which limits hold: nothing is judged by them. */
  readonly isSure: boolean;
  /** Connections in all, those included that nobody has answered yet. */
  readonly most: number;
  readonly rules: readonly LimitRule[];
  /** Connections of one sender process. */
  readonly perSender: number;
}

export function limitsInForce(
  { deliver, limit }: Config,
  openFiles: number,
  { isSure, most, rules }: Pick<OverrideBooks, 'isSure' | 'most' | 'rules'>,
): LimitsInForce {
  return {
    isSure,
    most: most ?? deliver.maxConnections + deliver.maxUnanswered,
    // What hangs is beyond the room that is left when one of several senders is being started again.
    perSender: openFiles - ownFiles + deliver.maxUnanswered,
    rules: [...limit.map(ruleOf), ...rules],
  };
}

function ruleOf(limit: LimitConfig): LimitRule {
  const { domain, ip, mx, source, tenant } = limit;
  return {
    id: limit.name ?? '',
    name: limit.name ?? '',
    origin: limit.origin,
    per: limit.per,
    match: { domain, ip, mx, source, tenant },
    isOverride: false,
    connections: typeof limit.connections === 'number' ? limit.connections : undefined,
    connectionRate: limit.connectionRate,
    messageRate: limit.messageRate,
    recipientRate: limit.recipientRate,
  };
}
