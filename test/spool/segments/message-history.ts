// The history of a message in the model: all its states so far, and which of them a power cut may take.

import assert from 'node:assert/strict';
import type { SpoolStore } from '../../../src/spool/types.ts';

export interface History<T> {
  /** Index of the last state that is known to be durable. A power cut may take later ones. */
  durable: number;
  /** Every state so far. */
  readonly states: T[];
}

export interface MessageModel {
  readonly queueId: string;
  readonly content: Buffer;
  /** For each recipient: number of attempts, or 'done'. */
  readonly recipients: History<number | 'done'>[];
  readonly held: History<boolean>;
  /** False while `append` has not resolved, or has failed: then the message may be stored or not. */
  acknowledged: boolean;
  /** The store to which it was reported. */
  reportedTo: SpoolStore | undefined;
}

/** Asserts that the state that the store reports is possible, and notes it. */
export function accept<T>(history: History<T>, now: T, powerCut: boolean, what: string): void {
  const possible = history.states.slice(history.durable);
  assert.ok(possible.includes(now), `${what} is ${String(now)}, not one of ${String(possible)}`);
  if (powerCut) {
    history.states.splice(0, history.states.length, now);
    history.durable = 0;
  } else if (history.states.at(-1) !== now) {
    history.states.push(now);
  }
}
