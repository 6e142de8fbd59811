// Recovery, after the journal has been replayed: reads the records of every segment, and yields each message that is not
// done with its waiting recipients, oldest segment first. The store and the read-only inspection both use it.

import { damageRefusal } from '../../message/refusal.ts';
import { encodeRefusal } from '../../message/refusal-form.ts';
import type { FileLayer } from '../file-layer.ts';
import { lastDamageOf } from './last-refusal.ts';
import { exists } from '../file-io.ts';
import {
  largePath,
  listSegments,
  newestOfSlots,
  readFolder,
  syncFolder,
  type SpoolLayout,
} from './layout.ts';
import type { LiveSegment } from './live-segments.ts';
import type { QueueState } from './queue-state.ts';
import { segmentName, slotOf } from '../queue-id.ts';
import type { EnvelopeOutline } from './envelope-codec.ts';
import { headQueueId, isLargeLength, outlineOf, type RecordHead } from './record.ts';
import type { FoundRecord } from './segment-index.ts';
import { messageProblem } from './recovery-problems.ts';
import { segmentRef } from './segment-place.ts';
import { readSegment } from './segment-scan.ts';
import {
  unknownAddress,
  type RecoveredMessage,
  type RecoveredRecipient,
  type SpoolProblem,
} from '../types.ts';

type Report = (problem: SpoolProblem) => void;

export interface RecoveryContext {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  /** The number of the store, for references. */
  readonly store: number;
  readonly state: QueueState;
  readonly report: Report;
  /** Syncs segments before they are read: a writer may have died between its write and its sync. */
  readonly sync: boolean;
  /** It is unknown which messages are held, so all that are found must be held. */
  readonly isInDoubt?: boolean;
}

/** Messages that are yielded together, because one step of an asynchronous generator costs more than one message. */
const batchMessages = 256;

/** Reads all segments and yields their messages that are not done, except those that are known already. */
export async function* recoverSegments(place: RecoveryContext): AsyncGenerator<readonly RecoveredMessage[]> {
  const { files, layout } = place;
  // An earlier store may have died between a removal and its sync. Without this sync the file could come back after a
  // power cut, when its outcomes are already forgotten.
  if (place.sync) await syncFolder(files, layout.segments);
  const { segments, indexed } = await listSegments(files, layout);
  const newest = newestOfSlots(segments);
  place.state.segments.setNewestFound(newest);
  const damaged: DamagedRecord[] = [];
  const large = new Set(await readFolder(files, layout.large));
  for (const id of segments) {
    // The listing is older than the read, so a segment that was closed then has all its records.
    const closed = indexed.has(id) || newest.get(slotOf(id)) !== id;
    yield* recoverUndamaged(place, id, closed, damaged, large);
  }
  yield* recoverDamaged(place, damaged);
}

/** Reads one segment, again or for the first time, and yields its messages like `recoverSegments`. */
export async function* recoverSegment(
  place: RecoveryContext,
  id: number,
  closed: boolean,
): AsyncGenerator<readonly RecoveredMessage[]> {
  const damaged: DamagedRecord[] = [];
  yield* recoverUndamaged(place, id, closed, damaged, new Set());
  yield* recoverDamaged(place, damaged);
}

interface DamagedRecord {
  readonly segment: number;
  readonly record: FoundRecord;
  /** What happened to the whole segment, if the damage is not of the record alone. */
  readonly cause: string | undefined;
}

async function* recoverUndamaged(
  place: RecoveryContext,
  id: number,
  closed: boolean,
  damaged: DamagedRecord[],
  large: ReadonlySet<string>,
): AsyncGenerator<readonly RecoveredMessage[]> {
  const { state } = place;
  const contents = await readSegment(place, id);
  if (contents === undefined) return;
  const segment = state.segments.ensure(id);
  segment.length = Math.max(segment.length, contents.length);
  segment.records = contents.records.length;
  segment.closed ||= closed;
  segment.complete = segment.closed && contents.isForeign !== true;
  if (contents.isForeign === true) segment.incompleteSinceMs = Infinity;
  if (contents.isDenied === true) state.keepsUnfound = true;
  segment.isDamaged ||= contents.damage !== undefined;
  let batch: RecoveredMessage[] = [];
  for (const record of contents.records) {
    if (record.damage !== undefined) {
      damaged.push({ segment: id, record, cause: contents.damage });
      continue;
    }
    if (isLargeLength(record.head.length) && (await isLargeFileMissing(place, record.head, large))) {
      const damage = { kind: 'missing', why: 'the file of this large message is gone' } as const;
      damaged.push({ segment: id, record: { ...record, damage }, cause: undefined });
      continue;
    }
    const message = recoverRecord(place, segment, record);
    if (message !== undefined) batch.push(message);
    if (batch.length < batchMessages) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * True if a large message is not done and its file is missing.
 * @param present - an earlier listing of the folder; newer files may exist
 */
async function isLargeFileMissing(
  { files, layout, state }: RecoveryContext,
  head: RecordHead,
  present: ReadonlySet<string>,
): Promise<boolean> {
  const queueId = headQueueId(head);
  if (present.has(queueId) || state.isDone(head)) return false;
  return !(await exists(files, largePath(layout, queueId)));
}

/** Yields messages with damaged records, after all others, because another segment may have an intact copy. */
function* recoverDamaged(
  place: RecoveryContext,
  damaged: readonly DamagedRecord[],
): Generator<readonly RecoveredMessage[]> {
  const damagedSegments = new Map<number, { readonly cause: string; count: number }>();
  for (const { segment: id, record, cause } of damaged) {
    const segment = place.state.segments.get(id);
    const message = segment === undefined ? undefined : recoverRecord(place, segment, record);
    if (message === undefined) continue;
    yield [message];
    if (cause === undefined) continue;
    const entry = damagedSegments.get(id) ?? { cause, count: 0 };
    entry.count++;
    damagedSegments.set(id, entry);
  }
  for (const [id, { cause, count }] of damagedSegments) {
    const text = `${cause}: ${count} ${count === 1 ? 'message' : 'messages'} in it cannot be delivered`;
    place.report({ kind: 'segment', place: segmentName(id), text });
  }
}

/** Adds a record to the state and returns its message; undefined when it is done or was found before. */
function recoverRecord(
  place: RecoveryContext,
  segment: LiveSegment,
  record: FoundRecord,
): RecoveredMessage | undefined {
  const { state } = place;
  const row = state.addRecovered(segment, record.offset, record.head);
  if (row < 0) return undefined;
  if (place.isInDoubt === true) state.holds.setHeld(row, true);
  const message = messageAt(place, row, record, segment.id);
  if (message.damage !== undefined) {
    state.setDamaged(row);
    place.report(messageProblem(record.damage?.kind ?? 'content', message, message.damage));
  }
  return message;
}

/** The message of a row, with what its record and the journal tell. */
function messageAt(
  { state, store }: RecoveryContext,
  row: number,
  record: FoundRecord,
  segment: number,
): RecoveredMessage {
  const { head, offset } = record;
  const { receivedAtMs, sizeBytes } = head;
  const queueId = state.queueIdAt(row);
  const ref = segmentRef(store, segment, offset, head.length);
  let damage = record.damage?.why;
  let outline: EnvelopeOutline | undefined;
  try {
    outline = outlineOf(record.bytes, record.at, head, queueId);
  } catch (error) {
    damage ??= error instanceof Error ? error.message : String(error);
  }
  const {
    addresses = [],
    copies,
    routes,
    body = '7BIT',
    reversePath = '',
    smtpUtf8 = false,
    tenant,
    priority,
    quarantine,
    tlsDemand,
    verp,
    user,
  } = outline ?? {};
  if (quarantine !== undefined) state.holds.holdQuarantined(row);
  const base = state.table.states[row] ?? -1;
  const waiting: RecoveredRecipient[] = [];
  for (let index = 0; index < head.recipients; index++) {
    const address = addresses[index] ?? unknownAddress;
    if (base < 0) waiting.push({ index, address, attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' });
    else if (!state.states.isDone(base + index)) waiting.push(stateAt(state, base, index, address));
  }
  const warnedAfterMs = state.table.warnedAfterMs.get(row);
  if (state.holds.isHeld(row)) damage ??= lastDamageOf(waiting[0]?.lastRefusal ?? '');
  return {
    queueId,
    ref,
    receivedAtMs,
    sizeBytes,
    reversePath,
    body,
    smtpUtf8,
    ...(copies === undefined ? undefined : { copies }),
    ...(routes === undefined ? undefined : { routes }),
    ...(tenant === undefined ? undefined : { tenant }),
    ...(priority === undefined ? undefined : { priority }),
    ...(quarantine === undefined ? undefined : { quarantine }),
    ...(tlsDemand === undefined ? undefined : { tlsDemand }),
    ...(verp === undefined ? undefined : { verp }),
    ...(user === undefined ? undefined : { user }),
    held: state.holds.isHeld(row) || damage !== undefined,
    ...(warnedAfterMs === undefined ? undefined : { warnedAfterMs }),
    ...(state.table.passesHolds(row) && { passesHolds: true as const }),
    ...(damage === undefined ? undefined : { damage }),
    waiting: damage === undefined ? waiting : waiting.map((each) => withDamage(each, damage)),
  };
}

function withDamage(recipient: RecoveredRecipient, damage: string): RecoveredRecipient {
  const { index, address, attempts } = recipient;
  const lastRefusal = encodeRefusal(damageRefusal(damage));
  return { index, address, attempts, nextAttemptAtMs: 0, lastRefusal };
}

/** The state of a recipient of a message that has a block of states from `base` on. */
function stateAt(state: QueueState, base: number, index: number, address: string): RecoveredRecipient {
  const { states } = state;
  const at = base + index;
  return {
    index,
    address,
    attempts: states.attempts(at),
    nextAttemptAtMs: states.nextAttemptAtMs(at),
    lastRefusal: states.refusals.form(states.refusal(at)),
  };
}

/** The names of large files that belong to no waiting message. */
export function unclaimedLarge(state: QueueState, names: readonly string[]): string[] {
  return names.filter((name) => state.rowOf(name) < 0);
}

/**
 * After recovery: removes messages of which no segment has a record, unless a segment could not be read, which may have it.
 * @returns those that the journal knows
 */
export function dropWithoutRecord(state: QueueState): readonly string[] {
  if (!state.keepsUnfound) return state.dropWithoutRecord();
  state.groups.keepAll();
  return [];
}
