// The state of a spool's mail, read from a journal and the segments of a copy, and written as a new journal that was closed in
// order. So a copy has one clean journal, whatever the files were that the state came from.

import { nodeTimers } from '../../io/timers.ts';
import type { FileLayer } from '../file-layer.ts';
import { recoverHolds } from '../segments/hold-recovery.ts';
import { HoldsFile } from '../segments/holds-file.ts';
import { readHolds } from '../segments/holds-reader.ts';
import { replayJournal } from '../segments/journal-reader.ts';
import { JournalWriter } from '../segments/journal-writer.ts';
import type { SpoolLayout } from '../segments/layout.ts';
import { QueueState } from '../segments/queue-state.ts';
import { snapshotOf } from '../segments/snapshot.ts';
import { SpoolError } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

/** Room that is allocated in the journal of a copy. The first start makes a larger file. */
const roomBytes = 64 * 1024;

/** What journal and `holds` say, before any segment is read. */
export interface ReplayedState {
  readonly state: QueueState;
  readonly highestJournal: number;
  /** It is unknown which messages are held, so all must be. */
  readonly isInDoubt: boolean;
  /** Outcomes may be missing. */
  readonly isJournalDamaged: boolean;
}

/** Reads journal and `holds`; the spool may be in use. */
export async function replayState(
  files: FileLayer,
  layout: SpoolLayout,
  report: (problem: SpoolProblem) => void,
): Promise<ReplayedState> {
  const state = new QueueState();
  const record = await readHolds(files, layout);
  const replay = await replayJournal(files, layout, state, record, report);
  const { isInDoubt, isNew } = await recoverHolds(files, layout, state, replay, record, report);
  return {
    state,
    highestJournal: replay.highestNumber,
    isInDoubt,
    isJournalDamaged: replay.condition === 'damaged' || (replay.condition === 'absent' && !isNew),
  };
}

/**
 * Writes the whole state as a new journal with a number above `highestJournal`, and removes older ones.
 * @throws {SpoolError} when it cannot be written
 */
export async function writeState(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  highestJournal: number,
): Promise<void> {
  let failure: SpoolError | undefined;
  const fail = (text: string): void => {
    failure = new SpoolError('SPOOL_WRITE_FAILED', text);
  };
  const journal = new JournalWriter({
    files,
    timers: nodeTimers,
    layout,
    syncMs: 1_000,
    refusals: state.states.refusals,
    roomBytes,
    snapshot: (sink) => snapshotOf(state, sink),
    discard: (path) => files.unlink(path),
    onBlocked: () => undefined,
  });
  const report = ({ kind, text }: SpoolProblem): void => {
    if (kind === 'unwritten') fail(text);
  };
  const holds = new HoldsFile({ files, timers: nodeTimers, layout, state, report });
  try {
    await journal.start(highestJournal, undefined, true);
    await journal.renew(true);
    await holds.start(journal.mark);
  } catch (error) {
    await journal.close().catch(() => undefined);
    throw error;
  }
  await holds.close(await journal.close());
  if (failure !== undefined) throw failure;
}
