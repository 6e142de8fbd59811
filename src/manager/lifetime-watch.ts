// Finds mail that is in the queue after the end of its lifetime, wherever it waits: suspended, for a limit, a window, a table, a
// plugin or its route. The scheduler ends lifetimes; this finds what it has missed. Mail that is held does not
// expire: an operator decides about it. A walk over the queue goes in slices.

import { nextTurn, type Timers } from '../io/timers.ts';
import type { Scheduler } from '../schedule/types.ts';

/** So much later, nothing that is done about the end of a lifetime explains the delay. */
const graceMs = 3_600_000;
/** Messages that are looked at without a pause. */
const slice = 5_000;

export interface OutlivedMessage {
  readonly queueId: string;
  readonly domain: string;
  /** In what state its first recipient is. */
  readonly state: string;
  /** How long its lifetime has been over. */
  readonly lateMs: number;
}

export interface LifetimeWatchParts {
  readonly scheduler: Pick<Scheduler, 'messages' | 'recipientsOf' | 'expiresAtMs'>;
  readonly timers: Timers;
  /** The scheduler's time. */
  readonly nowMs: () => number;
}

/** The message whose lifetime has been over for longest, beyond any explanation; undefined: there is none. */
export async function outlivedMessage(parts: LifetimeWatchParts): Promise<OutlivedMessage | undefined> {
  const { scheduler, timers, nowMs } = parts;
  let found: OutlivedMessage | undefined;
  let mostMs = graceMs;
  let looked = 0;
  for (const message of scheduler.messages()) {
    if (++looked % slice === 0) await nextTurn(timers);
    const lateMs = nowMs() - scheduler.expiresAtMs(message);
    if (lateMs <= mostMs) continue;
    // A transaction under way finishes first; another watch looks at those.
    const waiting = scheduler
      .recipientsOf(message)
      .find(({ isHeld, state }) => !isHeld && state !== 'active');
    if (waiting === undefined) continue;
    mostMs = lateMs;
    found = { queueId: waiting.queueId, domain: waiting.domain, state: waiting.state, lateMs };
  }
  return found;
}
