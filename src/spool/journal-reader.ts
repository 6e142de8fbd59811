// Reads the journal back: from the newest file that tells the whole state by itself to the newest of all.

import { readWhole } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { readFrames, visitEntries } from './journal-entries.ts';
import { journalPath, listJournals, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { systemCode } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

/**
 * Applies the journal to an empty state.
 * @returns the highest number of a journal file, 0 if there is none.
 */
export async function replayJournal(
  files: FileLayer,
  layout: SpoolLayout,
  state: QueueState,
  report: (problem: SpoolProblem) => void,
): Promise<number> {
  for (;;) {
    const numbers = await listJournals(files, layout);
    const needed: Buffer[][] = [];
    let vanished = false;
    for (const number of numbers.toReversed()) {
      const path = journalPath(layout, number);
      let bytes: Buffer;
      try {
        bytes = await readWhole(files, path);
      } catch (error) {
        // A running store has compacted it away meanwhile: look again. A store alone in its directory never does.
        if (systemCode(error) !== 'ENOENT') throw error;
        vanished = true;
        break;
      }
      const { frames, complete, damaged } = readFrames(bytes, number);
      if (damaged > 0) {
        report({
          kind: 'journal',
          place: String(number),
          text: `${damaged} bytes of the journal are damaged: outcomes are lost, and messages may be delivered again`,
        });
      }
      needed.unshift(frames);
      if (complete) break;
    }
    if (vanished) continue;
    for (const frames of needed) apply(frames, state);
    return numbers.at(-1) ?? 0;
  }
}

function apply(frames: readonly Buffer[], state: QueueState): void {
  const texts = new Map<number, string>();
  for (const frame of frames) {
    visitEntries(frame, texts, {
      done: (idSegment, first, count) => state.replayDone(idSegment, first, count),
      recipientDone: (idSegment, counter, recipient) =>
        state.replayRecipientDone(idSegment, counter, recipient),
      deferred: (idSegment, counter, recipient, attempts, nextAttemptAtMs, error) => {
        const row = state.replayRow(idSegment, counter, recipient);
        if (row >= 0) state.deferred(row, recipient, attempts, nextAttemptAtMs, error);
      },
      held: (idSegment, counter, held) => {
        const row = state.replayRow(idSegment, counter, -1);
        if (row >= 0) state.setHeld(row, held);
      },
    });
  }
}
