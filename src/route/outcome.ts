// What a look-up makes of a route, before the router dates it: the plan and for how long it may be believed.

import { localRefusal, type Refusal } from '../message/refusal.ts';
import type { ErrorPlan, RelayPlan } from './types.ts';

export interface Outcome {
  readonly plan: RelayPlan | ErrorPlan;
  readonly ttlSeconds: number;
}

/** Seconds a temporary failure is believed: short, so that the retry schedule decides when to try again. */
export const temporaryTtlSeconds = 30;
/** What needs no DNS is asked for again after an hour. */
export const staticTtlSeconds = 3600;

/** The recipient can never be reached this way: 550, or 556 where the domain itself says so (RFC 7504 3). */
export function permanent(
  enhancedStatus: string,
  text: string,
  ttlSeconds: number,
  replyCode = 550,
): Outcome {
  return { plan: { kind: 'error', permanent: true, replyCode, enhancedStatus, text }, ttlSeconds };
}

/** Not now: 451. */
export function temporary(enhancedStatus: string, text: string): Outcome {
  return {
    plan: { kind: 'error', permanent: false, replyCode: 451, enhancedStatus, text },
    ttlSeconds: temporaryTtlSeconds,
  };
}

/** What the recipients of such a route are refused with. */
export function planRefusal({ replyCode, enhancedStatus, text, permanent }: ErrorPlan): Refusal {
  return localRefusal({ during: 'routing', code: replyCode, enhanced: enhancedStatus, text, permanent });
}
