// Limits as counters and gates: looked up once and kept while they are needed.

import type { RateQuantity } from '../limits/status.ts';
import type { HeldLimits } from '../store/place.ts';
import { unlimited, type AppliedLimit, type AppliedLimits } from '../limits/types.ts';
import { isUnlimited } from '../store/rates.ts';
import type { State } from '../state.ts';

/** Finds or makes the counters of these limits, and keeps them until `dropLimits`. */
export function holdLimits(s: State, applied: AppliedLimits, dimension: number, nowMs: number): HeldLimits {
  const recipientGates = gatesOf(s, applied.recipientRate, 'recipient_rate', nowMs);
  let { recipientsPerMessage } = applied;
  for (const gate of recipientGates) {
    recipientsPerMessage = Math.min(recipientsPerMessage, s.rates.burstOf(gate));
  }
  return {
    slots: applied.connections.map((limit) => slotOf(s, limit, dimension)),
    connectionGates: gatesOf(s, applied.connectionRate, 'connection_rate', nowMs),
    messageGates: gatesOf(s, applied.messageRate, 'message_rate', nowMs),
    recipientGates,
    messagesPerConnection: applied.messagesPerConnection,
    recipientsPerMessage,
  };
}

/** Releases the counters: those that are not used any more are forgotten at the end of the call. */
export function dropLimits(s: State, limits: HeldLimits): void {
  for (const list of [limits.slots, limits.connectionGates, limits.messageGates, limits.recipientGates]) {
    for (const counter of list) {
      s.counters.references.add(counter, -1);
      s.counters.mayBeUnused(counter);
    }
  }
}

/** Do these limits have that counter? */
export function namesCounter(limits: HeldLimits, counter: number): boolean {
  return (
    limits.slots.includes(counter) ||
    limits.messageGates.includes(counter) ||
    limits.recipientGates.includes(counter) ||
    limits.connectionGates.includes(counter)
  );
}

/** Key of a limit's counter of connections. Names of limits hold no tab. */
export function slotKey(applied: AppliedLimit): string {
  return `${applied.rule.id}\t${applied.key}`;
}

function slotOf(s: State, applied: AppliedLimit, dimension: number): number {
  const key = slotKey(applied);
  const known = s.counters.find(dimension, key);
  const allowed = applied.rule.connections ?? unlimited;
  const counter = known >= 0 ? known : s.counters.open(dimension, key, allowed, applied);
  if (known >= 0 && s.counters.limitOf(known)?.rule !== applied.rule) {
    s.counters.setApplied(counter, applied);
    s.counters.setLimit(counter, allowed);
  }
  s.counters.references.add(counter, 1);
  return counter;
}

function gatesOf(
  s: State,
  limits: readonly AppliedLimit[],
  quantity: RateQuantity,
  nowMs: number,
): readonly number[] {
  if (limits.length === 0) return none;
  const limiting = limits.filter((applied) => !isUnlimited(applied.rule, quantity));
  return limiting.map((applied) => {
    const gate = s.rates.open(applied, quantity, nowMs);
    s.counters.references.add(gate, 1);
    return gate;
  });
}

const none: readonly number[] = [];
