// Reads the file `holds` back: what it holds, and how far the journal had come when it was written.

import { readWhole } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { visitEntries } from './journal-entries.ts';
import { readFrames } from './journal-frames.ts';
import { holdsPath, type SpoolLayout } from './layout.ts';
import { systemCode } from './spool-error.ts';

interface Hold {
  readonly idSegment: number;
  readonly counter: number;
  readonly held: boolean;
}

export interface HoldsRecord {
  readonly condition: 'absent' | 'good' | 'torn' | 'damaged';
  /** The journal file that had been begun when it was written; 0: none yet. */
  readonly journalNumber: number;
  /** Bytes of that file that were on stable storage then; 0: unknown. */
  readonly journalBytes: number;
  /** The last entry of each message. */
  readonly holds: readonly Hold[];
}

/** Read it before the journal: what it says of that of a running store then holds for what is found. */
export async function readHolds(files: FileLayer, layout: SpoolLayout): Promise<HoldsRecord> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(files, holdsPath(layout));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return { condition: 'absent', journalNumber: 0, journalBytes: 0, holds: [] };
  }
  const { number, journalBytes, isWhole, frames, damaged, torn } = readFrames(bytes, undefined);
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
  return { condition, journalNumber: number, journalBytes, holds: [...last.values()] };
}
