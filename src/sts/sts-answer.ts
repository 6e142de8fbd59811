// What the keeper of policies answers, from what it knows.

import type { StsAnswer } from '../values/sts-policies.ts';
import { type KnownPolicy, policyEndsAtMs } from './known-policies.ts';

/** So that another policy is used soon, also when an operator has asked for it. */
const mostSeconds = 300;

export function noPolicy(ttlSeconds: number): StsAnswer {
  return { kind: 'none', ttlSeconds };
}

export function answerOf(known: KnownPolicy, ttlSeconds: number): StsAnswer {
  const { id, policy, fetchedAtMs } = known;
  const { mode, mx } = policy;
  return {
    kind: 'policy',
    mode,
    id,
    mx,
    fetchedAtMs,
    expiresAtMs: policyEndsAtMs(known),
    ttlSeconds: Math.min(ttlSeconds, mostSeconds),
  };
}

/** The patterns of a policy for a line of the log. */
export function shownMx(mx: readonly string[]): string {
  return mx.length > 5 ? `${mx.slice(0, 5).join(', ')} and ${mx.length - 5} more` : mx.join(', ');
}
