// Writes the whole state as journal entries, in pieces. New outcomes may be written between two pieces; this does no harm,
// because every entry is absolute.

import type { EntrySink } from './entry-sink.ts';
import { doneRanges } from './id-groups.ts';
import type { QueueState } from './queue-state.ts';

const pieceBytes = 128 * 1024;

/** Adds the entries to `journal`; yields when a piece is complete. */
export function* snapshotOf(state: QueueState, journal: EntrySink): Generator<undefined> {
  for (const group of state.groups) {
    const ranges = doneRanges(group);
    if (ranges.length > 0) journal.doneRanges(group.idSegment, ranges);
    if (journal.bytes > pieceBytes) yield;
  }
  // The outcomes of a row that comes into use behind this loop are written to the journal by themselves.
  for (let row = 0; row < state.table.rows; row++) {
    if (!state.table.isUsed(row)) continue;
    messageEntries(state, row, journal);
    if (journal.bytes > pieceBytes) yield;
  }
}

function messageEntries(state: QueueState, row: number, journal: EntrySink): void {
  const { table, states } = state;
  const { idSegment } = state.groupAt(row);
  const counter = table.counter[row] ?? 0;
  if (state.holds.isHeld(row)) journal.held(idSegment, counter, true);
  else if (state.holds.isReleased(row)) journal.held(idSegment, counter, false);
  const warnedAfterMs = table.warnedAfterMs.get(row);
  if (warnedAfterMs !== undefined) journal.warned(idSegment, counter, warnedAfterMs);
  if (table.passesHolds(row)) journal.passesHolds(idSegment, counter);
  const base = table.states[row] ?? -1;
  if (base < 0) return;
  const recipients = table.recipients[row] ?? 0;
  for (let recipient = 0; recipient < recipients; recipient++) {
    const at = base + recipient;
    if (states.isDone(at)) journal.recipientDone(idSegment, counter, recipient);
    else if (states.attempts(at) > 0 || states.nextAttemptAtMs(at) > 0 || states.refusal(at) > 0) {
      journal.deferred(
        idSegment,
        counter,
        recipient,
        states.attempts(at),
        states.nextAttemptAtMs(at),
        states.refusal(at),
      );
    }
  }
}
