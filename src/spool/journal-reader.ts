// Reads the journal back: from the newest file that tells the whole state by itself to the newest of all. What is
// damaged or missing is reported, and everything that still holds counts.

import type { LastRefusal } from '../message/refusal-form.ts';
import { readWhole } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import type { JournalEnd } from './journal-file.ts';
import type { HoldsRecord } from './holds-reader.ts';
import { visitEntries } from './journal-entries.ts';
import { readFrames, type JournalContents } from './journal-frames.ts';
import { journalPath, listJournals, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { systemCode } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

/** What the journal was like. */
export interface JournalReplay {
  /** Highest number of a journal file; 0 if there is none. */
  readonly highest: number;
  /** `damaged`: entries that were on stable storage may be missing. `torn`: at most some that a crash cut off. */
  readonly condition: 'absent' | 'good' | 'torn' | 'damaged';
  /** It tells the whole state from its beginning on; else that was lost, or a crash came while the first file was made. */
  readonly isFounded: boolean;
  /** It ends as an orderly stop leaves it: none of its end is missing. */
  readonly isClosed: boolean;
  /** There is a file `holds` beside it, or there was. */
  readonly hasHolds: boolean;
  /** Numbers of the files that are damaged. */
  readonly damagedFiles: ReadonlySet<number>;
  /** The file that more entries may be appended to; none when there is no file, or the last one is damaged. */
  readonly last: JournalEnd | undefined;
}

/** Applies the journal to an empty state. @param witness - says how much of it was on stable storage */
export async function replayJournal(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  witness: HoldsRecord,
  report: (problem: SpoolProblem) => void,
): Promise<JournalReplay> {
  for (;;) {
    const numbers = await listJournals(files, layout);
    const needed = await readNeeded(files, layout, numbers, witness);
    // A running store has compacted one away meanwhile: look again. A store alone in its directory never does.
    if (needed === undefined) continue;
    const damagedFiles = new Set(needed.filter(({ damaged }) => damaged > 0).map(({ number }) => number));
    for (const { number, damaged, torn } of needed) reportGaps(number, damaged, torn, report);
    const [oldest] = needed;
    // The first file of all may have been cut short while it was made (`isFounded`); any other has replaced older ones.
    const baseMissing =
      oldest !== undefined && oldest.number > 1 && !oldest.complete && !damagedFiles.has(oldest.number);
    if (baseMissing) {
      report({
        kind: 'journal',
        place: String(oldest.number),
        text: `the journal's beginning, up to file ${oldest.number}, is missing or damaged: ${lost}`,
      });
    }
    for (const { frames } of needed) apply(frames, state);
    const isDamaged = baseMissing || damagedFiles.size > 0;
    const isTorn = needed.some(({ torn }) => torn > 0);
    const condition =
      oldest === undefined ? 'absent' : isDamaged ? 'damaged' : isTorn ? 'torn' : ('good' as const);
    return {
      highest: numbers.at(-1) ?? 0,
      condition,
      isFounded: oldest?.complete === true,
      isClosed: needed.at(-1)?.isClosed === true,
      hasHolds: oldest?.complete === true && oldest.hasHolds,
      damagedFiles,
      last: lastOf(needed),
    };
  }
}

export const lost = 'outcomes are lost, and messages that were delivered may be delivered again';

function lastOf(needed: readonly JournalContents[]): JournalEnd | undefined {
  // A file without a header was never begun.
  const last = needed.findLast(({ tag, damaged }) => tag !== undefined || damaged > 0);
  if (last?.tag === undefined || last.damaged > 0) return undefined;
  return { number: last.number, tag: last.tag, end: last.end };
}

/** From the newest file that is complete on, oldest first; undefined when one vanished meanwhile. */
async function readNeeded(
  files: FileLayer,
  layout: SpoolLayout,
  numbers: readonly number[],
  { journalNumber, journalBytes }: HoldsRecord,
): Promise<JournalContents[] | undefined> {
  const needed: JournalContents[] = [];
  for (const number of numbers.toReversed()) {
    let bytes: Buffer;
    try {
      bytes = await readWhole(files, journalPath(layout, number));
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return undefined;
    }
    const contents = readFrames(bytes, number, number === journalNumber ? journalBytes : 0);
    needed.unshift({ ...contents, number });
    if (contents.complete) break;
  }
  return needed;
}

function reportGaps(
  number: number,
  damaged: number,
  torn: number,
  report: (problem: SpoolProblem) => void,
): void {
  if (damaged > 0) {
    const text = `${damaged} bytes of journal file ${number} are damaged: ${lost}`;
    report({ kind: 'journal', place: String(number), text });
  }
  if (torn > 0) {
    const text = `${torn} bytes of journal file ${number} are no entries: the last outcomes before a crash, cut short, or damage; their recipients may get the message again`;
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
        if (row >= 0) state.deferred(row, recipient, attempts, nextAttemptAtMs, refusal);
      },
      held: (idSegment, counter, held) => {
        const row = state.replayRow(idSegment, counter, -1);
        if (row >= 0) state.setHeld(row, held);
      },
    });
  }
}
