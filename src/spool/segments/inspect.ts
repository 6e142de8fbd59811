// Lists the messages and problems of a spool without changing anything. The instance may be stopped, or running; then its
// queue may change meanwhile.

import { nodeFiles, type FileLayer } from '../file-layer.ts';
import { listDamaged } from './damaged-folder.ts';
import { checkFormat, lostFormat } from './directory.ts';
import { recoverHolds } from './hold-recovery.ts';
import { readHolds } from './holds-reader.ts';
import { listSegments, readFolder, spoolLayout, type SpoolLayout } from './layout.ts';
import { replayJournal } from './journal-reader.ts';
import { QueueState } from './queue-state.ts';
import { dropWithoutRecord, recoverSegments, unclaimedLarge, type RecoveryContext } from './recovery.ts';
import { inDoubtProblem, messageProblem, withoutRecordProblem } from './recovery-problems.ts';
import { SegmentReader } from './segment-reader.ts';
import { SpoolError } from '../spool-error.ts';
import type { RecoveredMessage, SpoolProblem } from '../types.ts';

/** A result of `inspectSpool`: a waiting message, or a problem. */
export type SpoolFinding =
  | { readonly kind: 'message'; readonly message: RecoveredMessage }
  | { readonly kind: 'problem'; readonly problem: SpoolProblem };

export interface InspectOptions {
  /** Also reads the content of all messages and checks its checksum. */
  readonly contents?: boolean;
  readonly files?: FileLayer;
}

/**
 * Yields every message that waits, oldest segment first, and every problem. It only reads. On a running instance a
 * message that is delivered meanwhile may still be yielded.
 * @throws {SpoolError} `SPOOL_FORMAT` when the directory has no spool that this version can read, `SPOOL_FOLDER_MISSING`
 * when a folder of the spool is missing.
 */
export async function* inspectSpool(
  directory: string,
  options: InspectOptions = {},
): AsyncGenerator<SpoolFinding> {
  const files = options.files ?? nodeFiles;
  const layout = spoolLayout(directory);
  const format = await checkFormat(files, layout);
  if (format === 'absent') {
    throw new SpoolError('SPOOL_FORMAT', `there is no spool in ${directory}`, {
      advice: 'Name its configuration with --config. The first start of "sluice serve" makes the spool.',
    });
  }
  let problems: SpoolProblem[] = [];
  const take = function* (): Generator<SpoolFinding> {
    const found = problems;
    problems = [];
    for (const problem of found) yield { kind: 'problem', problem };
  };
  const state = new QueueState();
  const report = (problem: SpoolProblem): void => void problems.push(problem);
  if (format === 'lost') report(lostFormat);
  const record = await readHolds(files, layout);
  const replay = await replayJournal(files, layout, state, record, report);
  const { isInDoubt } = await recoverHolds(files, layout, state, replay, record, report);
  const place: RecoveryContext = { files, layout, store: 0, state, report, sync: false, isInDoubt };
  yield* take();
  let inDoubt = 0;
  const reader = new SegmentReader(files, layout);
  try {
    for (let again = true; again;) {
      const before = await listSegments(files, layout);
      for await (const batch of recoverSegments(place)) {
        yield* take();
        if (isInDoubt) inDoubt += batch.length;
        for (const message of batch) {
          yield { kind: 'message', message };
          // Known damage has been reported already.
          const isChecked = options.contents === true && message.damage === undefined;
          if (isChecked) await checkContent(reader, message, place);
        }
      }
      yield* take();
      // A running store may have moved messages out of a segment before it was read here, into one that was read already.
      const after = new Set((await listSegments(files, layout)).segments);
      again = before.segments.some((id) => !after.has(id) && state.segments.get(id) === undefined);
    }
    for (const name of unclaimedLarge(state, await readFolder(files, layout.large))) {
      problems.push({ kind: 'orphan', place: name, text: 'a large file that belongs to no waiting message' });
    }
    for (const queueId of dropWithoutRecord(state)) report(withoutRecordProblem(queueId));
    if (inDoubt > 0) report(inDoubtProblem(inDoubt));
    await reportAside(files, layout, report);
    yield* take();
  } finally {
    reader.close();
  }
}

async function reportAside(
  files: FileLayer,
  layout: SpoolLayout,
  report: (problem: SpoolProblem) => void,
): Promise<void> {
  for (const { name, bytes } of await listDamaged(files, layout)) {
    const text = `a damaged file of ${bytes} bytes, kept in ${layout.damaged}; remove it when nobody needs it any more`;
    report({ kind: 'aside', place: name, text });
  }
}

async function checkContent(
  reader: SegmentReader,
  message: RecoveredMessage,
  place: RecoveryContext,
): Promise<void> {
  try {
    const stored = await reader.read(message.ref);
    for await (const piece of stored.stream()) if (piece.length === 0) break;
    if (stored.isFromIndex === true) {
      const text =
        'its header or envelope in the segment is damaged; a copy in the index replaces it, and the message can be delivered';
      place.report({ kind: 'content', place: message.queueId, text });
    }
  } catch (error) {
    // A message may have been delivered and removed meanwhile: that is no problem.
    if (error instanceof SpoolError && error.code === 'SPOOL_MISSING') return;
    place.report(messageProblem('content', message, error instanceof Error ? error.message : String(error)));
  }
}
