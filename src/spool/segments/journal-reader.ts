// Replays the journal: from the newest file that has the whole state up to the newest file. Damaged and missing parts are
// reported, and every intact entry counts.

import type { LastRefusal } from '../../message/refusal-form.ts';
import { readWhole } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import type { JournalEnd } from './journal-file.ts';
import type { HoldsRecord } from './holds-reader.ts';
import { visitEntries } from './journal-entries.ts';
import { readFrames, type JournalContents } from './journal-frames.ts';
import { journalPath, listJournals, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { SpoolError, systemCode } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

/** The condition of the journal. */
export interface JournalReplay {
  /** Highest number of a journal file; 0 if there is none. */
  readonly highestNumber: number;
  /** `damaged`: entries that were on stable storage may be missing. `torn`: only entries that a crash cut off may be. */
  readonly condition: 'absent' | 'good' | 'torn' | 'damaged';
  /** The oldest needed file has the whole state; otherwise a part was lost, or a crash interrupted the making of file 1. */
  readonly hasBeginning: boolean;
  /** The journal ends as an orderly stop leaves it, so its end is not missing. */
  readonly isClosed: boolean;
  /** The spool has a file `holds`, or had one. */
  readonly hasHolds: boolean;
  /** Numbers of the files that are damaged. */
  readonly damagedFiles: ReadonlySet<number>;
  /** The file to which entries may be appended; undefined when there is no file, or the last file is damaged. */
  readonly last: JournalEnd | undefined;
}

/** Applies the journal to an empty state. @param holdsRecord - says how much of the journal was on stable storage */
export async function replayJournal(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  holdsRecord: HoldsRecord,
  report: (problem: SpoolProblem) => void,
): Promise<JournalReplay> {
  for (;;) {
    const numbers = await listJournals(files, layout);
    const needed = await readNeeded(files, layout, numbers, holdsRecord, report);
    // A file has vanished: a running store has compacted the journal while `sluice spool check` reads it. Look again.
    if (needed === undefined) continue;
    const damagedFiles = new Set(
      needed.filter(({ damagedBytes }) => damagedBytes > 0).map(({ number }) => number),
    );
    for (const { number, damagedBytes, tornBytes } of needed)
      reportGaps(number, damagedBytes, tornBytes, report);
    const [oldest] = needed;
    // A crash may have interrupted the making of file 1 (`hasBeginning`). Any later file has replaced older ones.
    const isBeginningMissing =
      oldest !== undefined && oldest.number > 1 && !oldest.isComplete && !damagedFiles.has(oldest.number);
    if (isBeginningMissing) {
      report({
        kind: 'journal',
        place: String(oldest.number),
        text: `the journal's beginning, up to file ${oldest.number}, is missing or damaged: ${outcomesLostText}`,
      });
    }
    for (const { frames } of needed) apply(frames, state);
    const isDamaged = isBeginningMissing || damagedFiles.size > 0;
    const isTorn = needed.some(({ tornBytes }) => tornBytes > 0);
    const condition =
      oldest === undefined ? 'absent' : isDamaged ? 'damaged' : isTorn ? 'torn' : ('good' as const);
    return {
      highestNumber: numbers.at(-1) ?? 0,
      condition,
      hasBeginning: oldest?.isComplete === true,
      isClosed: needed.at(-1)?.isClosed === true,
      hasHolds: oldest?.isComplete === true && oldest.hasHolds,
      damagedFiles,
      last: lastOf(needed),
    };
  }
}

export const outcomesLostText = 'outcomes are lost, and messages that were delivered may be delivered again';

function lastOf(needed: readonly JournalContents[]): JournalEnd | undefined {
  // A file without header and damage was never begun.
  const last = needed.findLast(({ tag, damagedBytes }) => tag !== undefined || damagedBytes > 0);
  if (last?.tag === undefined || last.damagedBytes > 0) return undefined;
  return { number: last.number, tag: last.tag, end: last.end };
}

/** The files from the newest complete one on, oldest first; undefined when one has vanished meanwhile. */
async function readNeeded(
  files: FileLayer,
  layout: SpoolLayout,
  numbers: readonly number[],
  { journalNumber, journalBytes }: HoldsRecord,
  report: (problem: SpoolProblem) => void,
): Promise<JournalContents[] | undefined> {
  const needed: JournalContents[] = [];
  for (const number of numbers.toReversed()) {
    let bytes: Buffer;
    try {
      bytes = await readWhole(files, journalPath(layout, number));
    } catch (error) {
      if (error instanceof SpoolError && error.code === 'SPOOL_FOREIGN') {
        const text = `${error.message}: ${outcomesLostText}. ${error.advice}`;
        report({ kind: 'journal', place: String(number), text });
        needed.unshift({ ...readFrames(Buffer.alloc(0), number, 0), damagedBytes: 1, number });
        continue;
      }
      if (systemCode(error) !== 'ENOENT') throw error;
      return undefined;
    }
    const contents = readFrames(bytes, number, number === journalNumber ? journalBytes : 0);
    needed.unshift({ ...contents, number });
    if (contents.isComplete) break;
  }
  return needed;
}

function reportGaps(
  number: number,
  damagedBytes: number,
  tornBytes: number,
  report: (problem: SpoolProblem) => void,
): void {
  if (damagedBytes > 0) {
    const text = `${damagedBytes} bytes of journal file ${number} are damaged: ${outcomesLostText}`;
    report({ kind: 'journal', place: String(number), text });
  }
  if (tornBytes > 0) {
    const text = `${tornBytes} bytes of journal file ${number} are not entries: a crash cut off the last outcomes, or the file is damaged; their recipients may get the message again`;
    report({ kind: 'torn', place: String(number), text });
  }
}

function apply(frames: readonly Buffer[], state: QueueState): void {
  const refusals = new Map<number, LastRefusal>();
  for (const frame of frames) {
    visitEntries(frame, refusals, {
      done: (idSegment, first, count) => state.replayDone(idSegment, first, count),
      recipientDone: (idSegment, counter, recipient) =>
        state.replayRecipientDone(idSegment, counter, recipient),
      deferred: (idSegment, counter, recipient, attempts, nextAttemptAtMs, refusal) => {
        const row = state.replayRow(idSegment, counter, recipient);
        if (row >= 0) state.setDeferred(row, recipient, attempts, nextAttemptAtMs, refusal);
      },
      held: (idSegment, counter, held) => {
        const row = state.replayRow(idSegment, counter, -1);
        if (row >= 0) state.holds.setHeld(row, held);
      },
      warned: (idSegment, counter, afterMs) => {
        const row = state.replayRow(idSegment, counter, -1);
        if (row >= 0) state.table.warnedAfterMs.set(row, afterMs);
      },
      passesHolds: (idSegment, counter) => {
        const row = state.replayRow(idSegment, counter, -1);
        if (row >= 0) state.table.setPassesHolds(row);
      },
    });
  }
}
