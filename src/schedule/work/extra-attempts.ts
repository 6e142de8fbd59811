// Attempts in addition to the retry schedule, as when somebody says that a server is there again: when one fails before the time that the
// schedule had set, the recipient waits for that time, as if it had not been tried. The same holds for what could not be tried, for want of a place.

import type { State } from '../state.ts';
import { separate } from './task-times.ts';

/** Splits a task that is in no queue and no heap: recipients whose schedule goes on at different times, or by this attempt, part. */
export function separateExtra(s: State, task: number): number[] {
  return separate(s, task, (row) => s.recipients.regularMs.get(row) ?? 0);
}

/** The attempt of these recipients, which `separateExtra` left together, is over. @returns when the schedule had meant to try them; 0: now */
export function takeRegularMs(s: State, rows: readonly number[]): number {
  const { regularMs } = s.recipients;
  if (regularMs.size === 0) return 0;
  const ms = regularMs.get(rows[0] ?? -1) ?? 0;
  for (const row of rows) regularMs.delete(row);
  return ms;
}
