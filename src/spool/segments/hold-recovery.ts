// Determines which messages are held, from two records: the journal and the file `holds`. If one record is damaged, the
// intact one counts. If neither can be trusted, every message is held, because an operator may have held any of them.

import type { FileLayer } from '../file-layer.ts';
import type { HoldsRecord } from './holds-reader.ts';
import { outcomesLostText, type JournalReplay } from './journal-reader.ts';
import { listSegments, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import type { SpoolProblem } from '../types.ts';

export interface HoldRecovery {
  /** It is unknown which messages are held, so all must be held. */
  readonly isInDoubt: boolean;
  /** The file `holds` is damaged: it must be moved to `damaged` and not be overwritten. */
  readonly isDamaged: boolean;
  /** There has never been a journal and nothing is missing, so the spool is new. */
  readonly isNew: boolean;
}

/**
 * Sets which messages are held.
 * @param state - the journal has been replayed into it
 * @param record - the file `holds`, which was read before the journal
 */
export async function recoverHolds(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  replay: JournalReplay,
  record: HoldsRecord,
  report: (problem: SpoolProblem) => void,
): Promise<HoldRecovery> {
  let journal = replay.condition;
  if (record.journalNumber > replay.highestNumber) {
    report({
      kind: 'journal',
      place: String(record.journalNumber),
      text: `the journal's files from ${record.journalNumber} on are gone: ${outcomesLostText}`,
    });
    journal = 'damaged';
  }
  // Before the first manager there is no journal, and an intact file `holds` that names no journal file. Until `holds`
  // names the first journal file, a crash can leave this file without its beginning.
  const isBeforeFirst = record.condition === 'good' && record.journalNumber === 0;
  const lacksBeginning = (journal === 'absent' || !replay.hasBeginning) && journal !== 'damaged';
  const isGone =
    lacksBeginning &&
    !isBeforeFirst &&
    // Without segments, a crash has interrupted the making of the spool: there was no mail, so nothing is lost.
    (await listSegments(files, layout)).segments.length > 0;
  if (isGone) {
    const what = journal === 'absent' ? 'the journal is gone' : "the journal's beginning is gone";
    report({ kind: 'journal', place: 'journal', text: `${what}: ${outcomesLostText}` });
  }
  const isDamaged = record.condition === 'damaged';
  const isLost = record.condition === 'absent' && replay.hasHolds;
  const isJournalUnreliable = journal === 'damaged' || isGone;
  // A journal that was not closed in order may have lost its end, and with it a hold that only `holds` had as well.
  const isInDoubt =
    (isJournalUnreliable && record.condition !== 'good') ||
    ((isDamaged || isLost) && journal !== 'absent' && !(journal === 'good' && replay.isClosed));
  if (isDamaged || isLost) {
    const what = isLost ? 'gone' : 'damaged';
    const text = `the file "holds" is ${what}: ${isInDoubt ? 'the journal cannot replace it' : 'the journal tells which messages are held'}`;
    report({ kind: 'holds', place: 'holds', text });
  }
  if (record.condition === 'torn') {
    const text =
      'the file "holds" ends in bytes that are not an entry: a crash cut off the last change, or the file is damaged; a message is held if "holds" or the journal holds it';
    report({ kind: 'torn', place: 'holds', text });
  }
  // An intact record counts alone if the other one is damaged. A torn record may lack its last change, so then a message
  // is held if either record holds it.
  const trustsOnlyHolds = isJournalUnreliable && record.condition === 'good';
  const trustsOnlyJournal = isDamaged && journal === 'good' && !isInDoubt;
  if (trustsOnlyHolds) state.holds.forget();
  if (!trustsOnlyJournal) {
    for (const { idSegment, counter, held } of record.holds) {
      if (held) state.replayHold(idSegment, counter);
    }
  }
  return { isInDoubt, isDamaged, isNew: journal === 'absent' && !isGone };
}
