// Which messages are to be set aside after a crash: those that were in hand at so many crashes that it is hardly by chance.
//
// Not every crash counts: a process that was killed from outside (SIGKILL, also by a kernel without memory), was stopped, or waited for a
// disk has not failed because of what it had in hand. And of the many messages that a busy sender has in hand, only the last ones that it began are set aside; were it
// another one, that will be in hand at the next crash, too.

import type { CrashRecord } from './crash-record.ts';

/** At most so many are set aside after one crash. */
const mostSetAside = 10;

/** Steps whose subject begins with the id of a message. */
const messageSteps: ReadonlySet<string> = new Set(['deliver', 'report']);

/** Signals that the kernel sends to a process that has failed, or the process to itself. All others come from outside. */
const ofFailures: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGBUS',
  'SIGABRT',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
]);

/** @returns whether what was in hand may be the reason */
export function hasFailed({
  kind,
  signal = '',
  isFromOutside = false,
}: Pick<CrashRecord, 'kind' | 'signal' | 'isFromOutside'>): boolean {
  if (kind === 'exit' || isFromOutside) return false;
  return kind !== 'signal' || ofFailures.has(signal);
}

/**
 * The messages to set aside.
 * @param before - the crashes that are kept, the newest first
 * @param after - the number of crashes after which a message is set aside; 0: none is
 */
export function suspects(
  crash: CrashRecord,
  before: readonly CrashRecord[],
  after: number,
): readonly string[] {
  if (after === 0 || !hasFailed(crash)) return [];
  const all = messagesInHand(crash);
  return all.filter((id) => 1 + timesInHand(id, before) >= after).slice(0, mostSetAside);
}

/** How often it was in hand, since it was last set aside: an operator has released it since. */
function timesInHand(id: string, before: readonly CrashRecord[]): number {
  let times = 0;
  for (const record of before) {
    if (record.setAside.includes(id)) break;
    if (hasFailed(record) && messagesInHand(record).includes(id)) times++;
  }
  return times;
}

/** Ids of messages, the one that was begun last first. */
function messagesInHand({ inHand }: CrashRecord): readonly string[] {
  const ids = inHand
    .filter(({ step }) => messageSteps.has(step))
    .map(({ subject }) => subject.split(' ', 1)[0] ?? '');
  return [...new Set(ids)].filter((id) => id !== '');
}

/** Why a message is held, for people. */
export function setAsideReason({ process, endedAt }: CrashRecord, after: number): string {
  return `it was in hand when processes crashed ${after === 1 ? 'once' : `${after} times`}, last the ${process} at ${endedAt}`;
}
