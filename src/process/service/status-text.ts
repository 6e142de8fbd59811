// The line that `systemctl status` shows: what Sluice does, or the worst of what is wrong.

import type { Trouble } from '../../stats/troubles.ts';

/** What the line is about. */
export interface StatusFacts {
  /** The start is over: all listeners listen, and the queue has been read. */
  readonly isUp: boolean;
  readonly hostname: string;
  /** The worst first. */
  readonly troubles: readonly Pick<Trouble, 'level' | 'text'>[];
}

export function statusText({ isUp, hostname, troubles }: StatusFacts): string {
  const state = isUp ? `Running as ${hostname}` : 'Starting: the queue is read from the spool';
  const [worst] = troubles;
  if (worst === undefined) return state;
  const more =
    troubles.length === 1 ? '' : ` (and ${troubles.length - 1} more: "sluice status" shows all of them)`;
  return `${state}; ${worst.level}: ${worst.text}${more}`;
}
