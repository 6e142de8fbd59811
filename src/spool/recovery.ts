// Recovery: the journal is replayed, then every segment's records are matched with it. What is left of each message
// comes out, oldest segment first. The store and the read-only inspection both do it this way.

import type { FileLayer } from './file-layer.ts';
import { listSegments, newestOfSlots, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { slotOf } from './queue-id.ts';
import { isLargeLength, outlineOf } from './record.ts';
import type { FoundRecord } from './segment-index.ts';
import { readSegment } from './segment-scan.ts';
import type { RecoveredMessage, RecoveredRecipient, SpoolProblem } from './types.ts';

type Report = (problem: SpoolProblem) => void;

export interface RecoveryPlace {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly state: QueueState;
  readonly report: Report;
  /** What is found is made durable first: a writer may have died between its write and its sync. */
  readonly sync: boolean;
}

/** Messages handed on at once: a step of an asynchronous generator costs more than the message does. */
const BATCH = 256;

/** Reads all segments that exist and yields their messages that are not done; those seen before are left out. */
export async function* recoverSegments(place: RecoveryPlace): AsyncGenerator<readonly RecoveredMessage[]> {
  const { files, layout } = place;
  // The store before may have died between a removal and its sync. If the file could still come back, its outcomes
  // would have to be kept.
  if (place.sync) await files.syncDirectory(layout.segments);
  const { segments, indexed } = await listSegments(files, layout);
  const newest = newestOfSlots(segments);
  for (const id of segments) {
    // Listed before it is read: a segment closed by then gets no more records.
    const closed = indexed.has(id) || newest.get(slotOf(id)) !== id;
    yield* recoverSegment(place, id, closed);
  }
}

/** Reads one segment again or for the first time. */
export async function* recoverSegment(
  place: RecoveryPlace,
  id: number,
  closed: boolean,
): AsyncGenerator<readonly RecoveredMessage[]> {
  const { state, report } = place;
  const contents = await readSegment(place, id);
  if (contents === undefined) return;
  const segment = state.segments.ensure(id);
  segment.length = Math.max(segment.length, contents.length);
  segment.records = contents.records.length;
  segment.closed ||= closed;
  segment.complete = segment.closed;
  let batch: RecoveredMessage[] = [];
  for (const record of contents.records) {
    const row = state.found(segment, record.offset, record.head);
    if (row < 0) continue;
    const message = messageAt(state, row, record, report);
    if (message !== undefined) batch.push(message);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function messageAt(
  state: QueueState,
  row: number,
  record: FoundRecord,
  report: Report,
): RecoveredMessage | undefined {
  const { head, offset } = record;
  const queueId = state.queueIdAt(row);
  const ref = state.refAt(row);
  if (ref === undefined) return undefined;
  try {
    const outline = outlineOf(record.bytes, record.at, head, queueId);
    const { addresses, body, reversePath, smtpUtf8, queue, priority } = outline;
    const base = state.table.states[row] ?? -1;
    const waiting: RecoveredRecipient[] = [];
    for (let index = 0; index < addresses.length; index++) {
      const address = addresses[index] ?? '';
      if (base < 0) waiting.push({ index, address, attempts: 0, nextAttemptAtMs: 0, lastError: '' });
      else if (!state.states.isDone(base + index)) waiting.push(stateAt(state, base, index, address));
    }
    const { receivedAtMs, sizeBytes } = head;
    const held = state.isHeld(row);
    return {
      queueId,
      ref,
      receivedAtMs,
      sizeBytes,
      reversePath,
      body,
      smtpUtf8,
      ...(queue === undefined ? undefined : { queue }),
      ...(priority === undefined ? undefined : { priority }),
      held,
      waiting,
    };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    report({ kind: 'content', place: queueId, text: `the record at byte ${offset} cannot be used: ${text}` });
    return undefined;
  }
}

function stateAt(state: QueueState, base: number, index: number, address: string): RecoveredRecipient {
  const { states } = state;
  const at = base + index;
  return {
    index,
    address,
    attempts: states.attempts(at),
    nextAttemptAtMs: states.nextAttemptAtMs(at),
    lastError: states.errors.text(states.error(at)),
  };
}

/** The files of large messages: those of no live message, and live messages that have lost theirs. */
export function matchLarge(
  state: QueueState,
  names: readonly string[],
): { readonly unclaimed: string[]; readonly missing: string[] } {
  const present = new Set(names);
  const unclaimed = names.filter((name) => state.rowOf(name) < 0);
  const missing: string[] = [];
  for (let row = 0; row < state.table.rows; row++) {
    if (!state.table.isUsed(row) || !isLargeLength(state.table.length[row] ?? 0)) continue;
    const queueId = state.queueIdAt(row);
    if (!present.has(queueId)) missing.push(queueId);
  }
  return { unclaimed, missing };
}
