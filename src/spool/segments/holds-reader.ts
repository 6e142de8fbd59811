// Reads the file `holds`: which messages are held, and how long the journal was when the file was written.

import { readWhole } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { visitEntries } from './journal-entries.ts';
import { readFrames } from './journal-frames.ts';
import { holdsPath, type SpoolLayout } from './layout.ts';
import { systemCode } from '../spool-error.ts';

interface Hold {
  readonly idSegment: number;
  readonly counter: number;
  readonly held: boolean;
}

export interface HoldsRecord {
  readonly condition: 'absent' | 'good' | 'torn' | 'damaged';
  /** Number of the newest journal file when `holds` was written; 0: there was none yet. */
  readonly journalNumber: number;
  /** Bytes of that journal file that were on stable storage at that time; 0: unknown. */
  readonly journalBytes: number;
  /** The last entry about each message. */
  readonly holds: readonly Hold[];
}

/** Call this before the journal is read: then the named length is a lower bound, even while a store is running. */
export async function readHolds(files: FileLayer, layout: SpoolLayout): Promise<HoldsRecord> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(files, holdsPath(layout));
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'SPOOL_FOREIGN') throw error;
    const condition = code === 'ENOENT' ? 'absent' : 'damaged';
    return { condition, journalNumber: 0, journalBytes: 0, holds: [] };
  }
  const { number, journalBytes, hasSnapshotEnd, frames, damagedBytes, tornBytes } = readFrames(
    bytes,
    undefined,
  );
  const last = new Map<string, Hold>();
  for (const frame of frames) {
    visitEntries(frame, new Map(), {
      done: () => undefined,
      recipientDone: () => undefined,
      deferred: () => undefined,
      warned: () => undefined,
      passesHolds: () => undefined,
      held: (idSegment, counter, held) =>
        void last.set(`${idSegment} ${counter}`, { idSegment, counter, held }),
    });
  }
  const condition = damagedBytes > 0 || !hasSnapshotEnd ? 'damaged' : tornBytes > 0 ? 'torn' : 'good';
  return { condition, journalNumber: number, journalBytes, holds: [...last.values()] };
}
