// Looks at a spool without touching it: of a stopped instance, or of a running one, whose queue may change meanwhile.

import { nodeFiles, type FileLayer } from './file-layer.ts';
import { checkFormat, listSegments, spoolLayout } from './layout.ts';
import { replayJournal } from './journal-reader.ts';
import { QueueState } from './queue-state.ts';
import { matchLarge, recoverSegments, type RecoveryPlace } from './recovery.ts';
import { SegmentReader } from './segment-reader.ts';
import { SpoolError } from './spool-error.ts';
import type { RecoveredMessage, SpoolProblem } from './types.ts';

/** What `inspectSpool` finds: a waiting message, or something that is not as it should be. */
export type SpoolFinding =
  | { readonly kind: 'message'; readonly message: RecoveredMessage }
  | { readonly kind: 'problem'; readonly problem: SpoolProblem };

export interface InspectOptions {
  /** Also reads all contents and checks their checksums. */
  readonly contents?: boolean;
  readonly files?: FileLayer;
}

/**
 * Yields every message that waits, oldest segment first, and every problem, strictly read-only. On a running instance
 * a message that is delivered meanwhile may still be shown.
 * @throws {SpoolError} `SPOOL_FORMAT` when the directory holds no spool that this version can read.
 */
export async function* inspectSpool(
  directory: string,
  options: InspectOptions = {},
): AsyncGenerator<SpoolFinding> {
  const files = options.files ?? nodeFiles;
  const layout = spoolLayout(directory);
  if (!(await checkFormat(files, layout))) {
    throw new SpoolError('SPOOL_FORMAT', `there is no spool in ${directory}`);
  }
  let problems: SpoolProblem[] = [];
  const take = function* (): Generator<SpoolFinding> {
    const found = problems;
    problems = [];
    for (const problem of found) yield { kind: 'problem', problem };
  };
  const state = new QueueState();
  const report = (problem: SpoolProblem): void => void problems.push(problem);
  const place: RecoveryPlace = { files, layout, state, report, sync: false };
  await replayJournal(files, layout, state, place.report);
  yield* take();
  const reader = new SegmentReader(files, layout);
  try {
    for (let again = true; again;) {
      const before = await listSegments(files, layout);
      for await (const batch of recoverSegments(place)) {
        yield* take();
        for (const message of batch) {
          yield { kind: 'message', message };
          if (options.contents === true) await checkContent(reader, message, place);
        }
      }
      yield* take();
      // A running store may have moved messages from a segment that was to be read into one that had been read.
      const after = new Set((await listSegments(files, layout)).segments);
      again = before.segments.some((id) => !after.has(id) && state.segments.get(id) === undefined);
    }
    const { unclaimed, missing } = matchLarge(state, await files.readdir(layout.large));
    for (const queueId of missing) {
      problems.push({ kind: 'missing', place: queueId, text: 'the file of this large message is gone' });
    }
    for (const name of unclaimed) {
      problems.push({ kind: 'orphan', place: name, text: 'a large file that belongs to no waiting message' });
    }
    for (const queueId of state.dropUnplaced()) {
      const text = 'the journal says that it waits, but no segment holds it';
      problems.push({ kind: 'missing', place: queueId, text });
    }
    yield* take();
  } finally {
    reader.close();
  }
}

async function checkContent(
  reader: SegmentReader,
  message: RecoveredMessage,
  place: RecoveryPlace,
): Promise<void> {
  try {
    const stored = await reader.read(message.ref);
    for await (const piece of stored.stream()) if (piece.length === 0) break;
  } catch (error) {
    // Delivered and removed meanwhile, or damaged: only the second is a problem.
    if (error instanceof SpoolError && error.code === 'SPOOL_MISSING') return;
    place.report({
      kind: 'content',
      place: message.queueId,
      text: error instanceof Error ? error.message : String(error),
    });
  }
}
