// Which messages are held, from its two records: the journal and the file `holds`. A record that is damaged yields to
// one that is whole. Where neither can be trusted, every message is held: an operator may have stopped any of them.

import { readWhole } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { readFrames, visitEntries } from './journal-entries.ts';
import { LOST, type JournalReplay } from './journal-reader.ts';
import { holdsPath, listSegments, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { systemCode } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

interface Hold {
  readonly idSegment: number;
  readonly counter: number;
  readonly held: boolean;
}

interface HoldsRecord {
  readonly condition: 'absent' | 'good' | 'torn' | 'damaged';
  /** The journal file that was begun when it was written; 0: none yet. */
  readonly journalNumber: number;
  /** The last entry of each message. */
  readonly holds: readonly Hold[];
}

export interface HoldRecovery {
  /** Which messages are held is unknown: all are to be. */
  readonly isInDoubt: boolean;
  /** The file is damaged: it must not be replaced. */
  readonly isDamaged: boolean;
}

/** Settles what is held in a state into which the journal was replayed. */
export async function recoverHolds(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  replay: JournalReplay,
  report: (problem: SpoolProblem) => void,
): Promise<HoldRecovery> {
  const record = await readHolds(files, layout);
  let journal = replay.condition;
  if (record.journalNumber > replay.highest) {
    report({
      kind: 'journal',
      place: String(record.journalNumber),
      text: `the journal's files from ${record.journalNumber} on are gone: ${LOST}`,
    });
    journal = 'damaged';
  }
  // Before the first manager there is no journal, but a whole record of holds.
  const isGone =
    journal === 'absent' &&
    record.condition !== 'good' &&
    // A crash while the spool was being made: there is no mail, and nothing is lost.
    (await listSegments(files, layout)).segments.length > 0;
  if (isGone) report({ kind: 'journal', place: 'journal', text: `the journal is gone: ${LOST}` });
  const isDamaged = record.condition === 'damaged';
  const journalFails = journal === 'damaged' || isGone;
  // A torn one may lack the very change that the other has lost.
  const isInDoubt =
    (journalFails && record.condition !== 'good') ||
    (isDamaged && journal !== 'good' && journal !== 'absent');
  if (isDamaged) {
    const text = `the file "holds" is damaged: ${isInDoubt ? 'the journal does not make up for it' : 'the journal tells what is held'}`;
    report({ kind: 'holds', place: 'holds', text });
  }
  if (record.condition === 'torn') {
    const text =
      'the file "holds" ends in bytes that are no entry: the last change before a crash, cut short, or damage; what either record holds is held';
    report({ kind: 'torn', place: 'holds', text });
  }
  // One that is whole speaks alone. A torn one may lack its last change: then either record holds a message.
  const onlyHolds = journalFails && record.condition === 'good';
  const onlyJournal = isDamaged && journal === 'good';
  if (onlyHolds) state.releaseAll();
  if (!onlyJournal) {
    for (const { idSegment, counter, held } of record.holds) {
      if (held) state.replayHold(idSegment, counter);
    }
  }
  return { isInDoubt, isDamaged };
}

async function readHolds(files: FileLayer, layout: SpoolLayout): Promise<HoldsRecord> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(files, holdsPath(layout));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return { condition: 'absent', journalNumber: 0, holds: [] };
  }
  const { number, isWhole, frames, damaged, torn } = readFrames(bytes, undefined);
  const last = new Map<string, Hold>();
  for (const frame of frames) {
    visitEntries(frame, new Map(), {
      done: () => undefined,
      recipientDone: () => undefined,
      deferred: () => undefined,
      held: (idSegment, counter, held) =>
        void last.set(`${idSegment} ${counter}`, { idSegment, counter, held }),
    });
  }
  const condition = damaged > 0 || !isWhole ? 'damaged' : torn > 0 ? 'torn' : 'good';
  return { condition, journalNumber: number, holds: [...last.values()] };
}
