// Decides about one attempt by what is remembered. Pure: the time is given, and what is to be remembered from now on is returned.

import type { GreylistTerms } from './types.ts';

/** What is remembered of a network, sender and domain. Times are those of whoever remembers. */
export interface GreylistEntry {
  readonly firstMs: number;
  /** Refused attempts, and later mail that has passed. */
  readonly attempts: number;
  /** When it passed first; undefined: it waits. */
  readonly passedMs: number | undefined;
  /** Then it is forgotten. */
  readonly untilMs: number;
}

/** What is remembered of a network as a whole. */
export interface GreylistNetwork {
  /** Keys that have passed. */
  readonly passes: number;
  /** Allowed, or not, whatever has passed: an operator has said so. */
  readonly isFixed: boolean;
  readonly untilMs: number;
}

export type Judged =
  | { readonly kind: 'network'; readonly network: GreylistNetwork | undefined }
  /** @property entry - as it is remembered from now on; undefined: as it was */
  | { readonly kind: 'known'; readonly entry: GreylistEntry | undefined }
  | {
      readonly kind: 'waited';
      readonly waitedMs: number;
      readonly entry: GreylistEntry;
      readonly network: GreylistNetwork;
    }
  | { readonly kind: 'waits'; readonly ms: number; readonly entry: GreylistEntry };

/** What is in use is written again when so much of its time has passed: not with each message. */
const renewAfterMs = 3_600_000;

export function judgeAttempt(
  entry: GreylistEntry | undefined,
  network: GreylistNetwork | undefined,
  terms: GreylistTerms,
  nowMs: number,
): Judged {
  const ofNetwork = network !== undefined && network.untilMs > nowMs ? network : undefined;
  if (ofNetwork !== undefined && isAllowed(ofNetwork, terms)) {
    return { kind: 'network', network: renewed(ofNetwork, terms, nowMs) };
  }
  const known = entry !== undefined && entry.untilMs > nowMs ? entry : undefined;
  if (known === undefined) {
    const first = { firstMs: nowMs, attempts: 1, passedMs: undefined, untilMs: nowMs + terms.windowMs };
    return { kind: 'waits', ms: terms.delayMs, entry: first };
  }
  if (known.passedMs !== undefined) {
    const renewal = renewed(known, terms, nowMs);
    return { kind: 'known', entry: renewal && { ...renewal, attempts: known.attempts + 1 } };
  }
  const waitedMs = nowMs - known.firstMs;
  const attempts = known.attempts + 1;
  if (waitedMs < terms.delayMs) {
    return { kind: 'waits', ms: terms.delayMs - waitedMs, entry: { ...known, attempts } };
  }
  const untilMs = nowMs + terms.lifetimeMs;
  return {
    kind: 'waited',
    waitedMs,
    entry: { ...known, attempts, passedMs: nowMs, untilMs },
    network: { passes: (ofNetwork?.passes ?? 0) + 1, isFixed: false, untilMs },
  };
}

function isAllowed({ passes, isFixed }: GreylistNetwork, { allowAfter }: GreylistTerms): boolean {
  return isFixed || (allowAfter > 0 && passes >= allowAfter);
}

function renewed<Kept extends { readonly untilMs: number; readonly isFixed?: boolean }>(
  kept: Kept,
  { lifetimeMs }: GreylistTerms,
  nowMs: number,
): Kept | undefined {
  const untilMs = nowMs + lifetimeMs;
  if (kept.isFixed === true || untilMs - kept.untilMs < Math.min(renewAfterMs, lifetimeMs / 10))
    return undefined;
  return { ...kept, untilMs };
}
