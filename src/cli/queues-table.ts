// The queues as `sluice status` and `sluice top` show them; nothing where there is one alone.

import type { QueueStatus } from '../control/operations/queue-status.ts';
import { age, bytes, table } from './text-table.ts';

/** @param nowMs - Unix ms. @returns empty where there is one queue alone */
export function queuesTable(queues: readonly QueueStatus[] | undefined, nowMs: number): string {
  if (queues === undefined) return '';
  const rows = queues.map((each) => [
    each.queue,
    each.state,
    String(each.messages),
    String(each.active),
    String(each.ready),
    String(each.waiting),
    each.oldestMs === undefined ? '' : age(nowMs - each.oldestMs),
    bytes(each.bytes),
    each.freeBytes === undefined ? '?' : bytes(each.freeBytes),
  ]);
  const head = ['QUEUE', 'STATE', 'MESSAGES', 'ACTIVE', 'READY', 'WAITING', 'OLDEST', 'SPOOL', 'DISK FREE'];
  const reasons = queues
    .filter(({ why }) => why !== undefined)
    .map(({ queue, why = '' }) => `${queue}: ${why}\n`);
  return `${table(head, rows)}${reasons.join('')}`;
}

/** With rates per second, where they are known. */
type RatedQueue = Omit<QueueStatus, 'counters'> & {
  readonly rates?: Readonly<Record<string, number>> | undefined;
};

/** Lines for the screen of `sluice top`: rates in place of ages.*/
export function queueRateLines(queues: readonly RatedQueue[]): string[] {
  const rows = queues.map(({ queue, state, messages, active, ready, waiting, rates }) => [
    queue,
    state,
    String(messages),
    String(active),
    String(ready),
    String(waiting),
    ...['received', 'delivered', 'deferred', 'bounced'].map((name) => rates?.[name]?.toFixed(1) ?? '-'),
  ]);
  const head = ['QUEUE', 'STATE', 'MESSAGES', 'ACTIVE', 'READY', 'WAITING'];
  const lines = table([...head, 'IN/s', 'OUT/s', 'DEFERRED/s', 'BOUNCED/s'], rows);
  return lines.trimEnd().split('\n');
}
