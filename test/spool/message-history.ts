// What may have become of one message: every state so far, and from which on they may be lost with the power.

import assert from 'node:assert/strict';
import type { SpoolStore } from '../../src/spool/types.ts';

export interface History<T> {
  /** Index of the last state known to be durable; later ones may be lost. */
  durable: number;
  /** Every state so far. */
  readonly states: T[];
}

export interface MessageModel {
  readonly queueId: string;
  readonly content: Buffer;
  /** Attempts, or 'done'. */
  readonly recipients: History<number | 'done'>[];
  readonly held: History<boolean>;
  /** False while nothing or an error was answered: then it may be stored or not. */
  acknowledged: boolean;
  /** The store that knows of it. */
  reportedTo: SpoolStore | undefined;
}

/** The store says that this is the state now. */
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
