// How a row of the queue is shown to people: why its recipient waits, and in which state it is.

import type { QueueRow } from '../control/queue-row.ts';

/**
 * Why Sluice holds it comes first, then what the mail waits for on this host; the last reply of the destination was before that.
 */
export function reasonText({ waitsFor, lastError, quarantine, setAside }: QueueRow): string {
  if (setAside !== undefined) return `set aside: ${setAside}`;
  if (quarantine !== undefined) return `quarantined: ${quarantine}`;
  if (waitsFor === undefined) return lastError;
  const what = isKeptBack({ waitsFor }) ? waitsFor : `waits for ${waitsFor}`;
  return `${what}${lastError === '' ? '' : `; before that: ${lastError}`}`;
}

/** Is it a schedule, or a route, that holds the mail? */
export function isKeptBack({ waitsFor = '' }: Pick<QueueRow, 'waitsFor'>): boolean {
  return waitsFor.startsWith('window ') || waitsFor.startsWith('hold of ');
}

/** A recipient in flight whose message is held shows both states. */
export function stateText({ state, isHeld }: QueueRow): string {
  return isHeld && state !== 'held' ? `${state},held` : state;
}
