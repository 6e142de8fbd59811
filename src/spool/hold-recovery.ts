// Which messages are held, from its two records: the journal and the file `holds`. A record that is damaged yields to
// one that is whole. Where neither can be trusted, every message is held: an operator may have stopped any of them.

import type { FileLayer } from './file-layer.ts';
import type { HoldsRecord } from './holds-reader.ts';
import { lost, type JournalReplay } from './journal-reader.ts';
import { listSegments, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import type { SpoolProblem } from './types.ts';

export interface HoldRecovery {
  /** Which messages are held is unknown: all are to be. */
  readonly isInDoubt: boolean;
  /** The file is damaged: it must not be replaced. */
  readonly isDamaged: boolean;
  /** There has never been a journal, and nothing is missing: the spool is new. */
  readonly isNew: boolean;
}

/** Settles what is held in a state into which the journal was replayed; `record` was read before the journal. */
export async function recoverHolds(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  replay: JournalReplay,
  record: HoldsRecord,
  report: (problem: SpoolProblem) => void,
): Promise<HoldRecovery> {
  let journal = replay.condition;
  if (record.journalNumber > replay.highest) {
    report({
      kind: 'journal',
      place: String(record.journalNumber),
      text: `the journal's files from ${record.journalNumber} on are gone: ${lost}`,
    });
    journal = 'damaged';
  }
  // Before the first manager there is no journal, but a whole record of holds, which names no journal file. A crash can
  // leave the first file without its beginning until the record names it.
  const isBeforeFirst = record.condition === 'good' && record.journalNumber === 0;
  const lacksBeginning = (journal === 'absent' || !replay.isFounded) && journal !== 'damaged';
  const isGone =
    lacksBeginning &&
    !isBeforeFirst &&
    // A crash while the spool was being made: there is no mail, and nothing is lost.
    (await listSegments(files, layout)).segments.length > 0;
  if (isGone) {
    const what = journal === 'absent' ? 'the journal is gone' : "the journal's beginning is gone";
    report({ kind: 'journal', place: 'journal', text: `${what}: ${lost}` });
  }
  const isDamaged = record.condition === 'damaged';
  const isLost = record.condition === 'absent' && replay.hasHolds;
  const journalFails = journal === 'damaged' || isGone;
  // A journal that was not closed in order may have lost its end, and with it the very change that the other one had.
  const isInDoubt =
    (journalFails && record.condition !== 'good') ||
    ((isDamaged || isLost) && journal !== 'absent' && !(journal === 'good' && replay.isClosed));
  if (isDamaged || isLost) {
    const what = isLost ? 'gone' : 'damaged';
    const text = `the file "holds" is ${what}: ${isInDoubt ? 'the journal does not make up for it' : 'the journal tells what is held'}`;
    report({ kind: 'holds', place: 'holds', text });
  }
  if (record.condition === 'torn') {
    const text =
      'the file "holds" ends in bytes that are no entry: the last change before a crash, cut short, or damage; what either record holds is held';
    report({ kind: 'torn', place: 'holds', text });
  }
  // One that is whole speaks alone. A torn one may lack its last change: then either record holds a message.
  const onlyHolds = journalFails && record.condition === 'good';
  const onlyJournal = isDamaged && journal === 'good' && !isInDoubt;
  if (onlyHolds) state.releaseAll();
  if (!onlyJournal) {
    for (const { idSegment, counter, held } of record.holds) {
      if (held) state.replayHold(idSegment, counter);
    }
  }
  return { isInDoubt, isDamaged, isNew: journal === 'absent' && !isGone };
}
