// The outcome of looking up a route: the plan and for how long it is valid. `datedPlan` turns that into a date.

import { localRefusal, type Refusal } from '../message/refusal.ts';
import type { ErrorPlan, RelayPlan, RoutePlan } from './types.ts';

export interface Outcome {
  readonly plan: RelayPlan | ErrorPlan;
  readonly ttlSeconds: number;
  /** The names of the hosts are known for certain: the MX records, or their absence, are validated by DNSSEC. */
  readonly isSecure?: boolean;
}

/** Validity of a temporary failure, in seconds: short, so that the retry schedule decides when to try again. */
export const temporaryTtlSeconds = 30;
/** Validity of a plan that needs no DNS, in seconds. */
export const staticTtlSeconds = 3600;

/** The recipient can never be reached by this route: 550, or 556 where the domain itself says so (RFC 7504 3). */
export function permanent(
  enhancedStatus: string,
  text: string,
  ttlSeconds: number,
  replyCode = 550,
): Outcome {
  return { plan: { kind: 'error', permanent: true, replyCode, enhancedStatus, text }, ttlSeconds };
}

/** The recipient cannot be reached now: 451. */
export function temporary(enhancedStatus: string, text: string): Outcome {
  return {
    plan: { kind: 'error', permanent: false, replyCode: 451, enhancedStatus, text },
    ttlSeconds: temporaryTtlSeconds,
  };
}

/** Of a destination that the administrator named: what is wrong with it is for the administrator to correct, and mail waits (RFC 3463 X.3.5). */
export function neverPermanent(outcome: Outcome): Outcome {
  const { plan } = outcome;
  return plan.kind === 'error' && plan.permanent ? temporary('4.3.5', plan.text) : outcome;
}

/** The refusal for recipients of a route with this plan. */
export function planRefusal({ replyCode, enhancedStatus, text, permanent }: ErrorPlan): Refusal {
  return localRefusal({ during: 'routing', code: replyCode, enhanced: enhancedStatus, text, permanent });
}

/** Bounds of the time for which a plan is valid, in seconds; a temporary error is valid for `temporaryTtlSeconds`. */
const minTtlSeconds = 30;
const maxTtlSeconds = 3600;

/** The plan with the end of its validity. */
export function datedPlan({ plan, ttlSeconds }: Outcome, nowMs: number): RoutePlan {
  const failing = plan.kind === 'error' && !plan.permanent;
  const seconds = failing
    ? temporaryTtlSeconds
    : Math.min(maxTtlSeconds, Math.max(minTtlSeconds, ttlSeconds));
  return { ...plan, validUntilMs: nowMs + seconds * 1000 };
}

/** RFC 8689 4.2.1: the next server has to promise REQUIRETLS, for which these protocols have no word. */
export function withoutRequireTls(protocol: 'qmqp' | 'qmtp'): Outcome {
  const text = `The message requires TLS (REQUIRETLS), which ${protocol.toUpperCase()} cannot ask for`;
  return permanent('5.7.30', text, staticTtlSeconds);
}
