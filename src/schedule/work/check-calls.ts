// Calls that the contract does not allow: each is a fault of the caller, and stops it before the state is changed.

import { SchedulerError } from '../scheduler-error.ts';
import type { State } from '../state.ts';
import { ConnectionState } from '../store/connections.ts';
import { highestPriority, MessageState } from '../store/messages.ts';
import type { NewScheduledMessage } from '../types.ts';

/** What a column of `ConnectionStore` can keep. */
const mostDepth = 255;

/** @throws {SchedulerError} `SCHEDULER_MISUSE`, like all functions of this file */
export function checkPriority({ priority = 0, queueId }: NewScheduledMessage): void {
  if (!(Math.abs(priority) <= highestPriority)) misuse(`Message ${queueId} has the priority ${priority}.`);
}

/** @returns the message's index among those whose transaction is open. @param what - is called, for the error */
export function openIndexOf(s: State, message: number, what: string): number {
  const index = s.uncommitted.indexOf(message);
  if (index === -1) misuse(`Call to ${what} for message ${message}, which is not open.`);
  return index;
}

export function checkQueued(s: State, message: number, what: string): void {
  if (!isQueued(s, message)) misuse(`Call to ${what} message ${message}, which is not queued.`);
}

export function isQueued({ messages }: State, message: number): boolean {
  return messages.known(message) && messages.state(message) === MessageState.queued;
}

export function checkConnection(s: State, connection: number, what: string): void {
  if (s.connections.isLive(connection)) return;
  misuse(`Connection ${connection} is reported ${what}, but it is not open.`);
}

export function checkReady(s: State, connection: number, depth: number): void {
  checkConnection(s, connection, 'ready');
  if (Number.isInteger(depth) && depth >= 1 && depth <= mostDepth) return;
  misuse(`Connection ${connection} is ready with the depth ${depth}, which is not from 1 to ${mostDepth}.`);
}

export function checkDone(s: State, connection: number): void {
  checkConnection(s, connection, 'done with a transaction');
  if (s.connections.onTheWay.get(connection) > 0) return;
  misuse(`Connection ${connection} reports results without a transaction.`);
}

export function checkVisit(s: State, connection: number): void {
  checkConnection(s, connection, 'at the end of its visit');
  if (s.connections.state.get(connection) === ConnectionState.visiting) return;
  misuse(`Connection ${connection} is reported at the end of its visit, but it brings mail.`);
}

export function misuse(message: string): never {
  throw new SchedulerError('SCHEDULER_MISUSE', message);
}

export function queueIdOf(s: State, message: number): string {
  if (!s.messages.known(message)) {
    misuse(`Asking for the queue id of message ${message}, which is not queued.`);
  }
  return s.messages.queueIdOf(message);
}
