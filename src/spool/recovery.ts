// Recovery: the journal is replayed, then every segment's records are matched with it. What is left of each message
// comes out, oldest segment first. The store and the read-only inspection both do it this way.

import { damageRefusal } from '../message/refusal.ts';
import { encodeRefusal } from '../message/refusal-form.ts';
import type { FileLayer } from './file-layer.ts';
import { lastDamageOf } from './last-refusal.ts';
import { exists } from './file-io.ts';
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
import { segmentName, slotOf } from './queue-id.ts';
import type { EnvelopeOutline } from './envelope-codec.ts';
import { headQueueId, isLargeLength, outlineOf, type RecordHead } from './record.ts';
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
  /** Nobody knows any more which messages are held: all that are found are to be. */
  readonly isInDoubt?: boolean;
}

/** Messages handed on at once: a step of an asynchronous generator costs more than the message does. */
const batchMessages = 256;

/** Reads all segments that exist and yields their messages that are not done; those seen before are left out. */
export async function* recoverSegments(place: RecoveryPlace): AsyncGenerator<readonly RecoveredMessage[]> {
  const { files, layout } = place;
  // The store before may have died between a removal and its sync. If the file could still come back, its outcomes
  // would have to be kept.
  if (place.sync) await syncFolder(files, layout.segments);
  const { segments, indexed } = await listSegments(files, layout);
  const newest = newestOfSlots(segments);
  place.state.segments.foundNewest(newest);
  const damaged: DamagedRecord[] = [];
  const large = new Set(await readFolder(files, layout.large));
  for (const id of segments) {
    // Listed before it is read: a segment closed by then gets no more records.
    const closed = indexed.has(id) || newest.get(slotOf(id)) !== id;
    yield* readGood(place, id, closed, damaged, large);
  }
  yield* placeDamaged(place, damaged);
}

/** Reads one segment again or for the first time. */
export async function* recoverSegment(
  place: RecoveryPlace,
  id: number,
  closed: boolean,
): AsyncGenerator<readonly RecoveredMessage[]> {
  const damaged: DamagedRecord[] = [];
  yield* readGood(place, id, closed, damaged, new Set());
  yield* placeDamaged(place, damaged);
}

interface DamagedRecord {
  readonly segment: number;
  readonly record: FoundRecord;
  /** What has happened to its segment, if it is that. */
  readonly cause: string | undefined;
}

async function* readGood(
  place: RecoveryPlace,
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
  segment.complete = segment.closed;
  segment.isDamaged ||= contents.damage !== undefined;
  let batch: RecoveredMessage[] = [];
  for (const record of contents.records) {
    if (record.damage !== undefined) {
      damaged.push({ segment: id, record, cause: contents.damage });
      continue;
    }
    if (isLargeLength(record.head.length) && (await hasLostLarge(place, record.head, large))) {
      const damage = { kind: 'missing', why: 'the file of this large message is gone' } as const;
      damaged.push({ segment: id, record: { ...record, damage }, cause: undefined });
      continue;
    }
    const message = placed(place, segment, record);
    if (message !== undefined) batch.push(message);
    if (batch.length < batchMessages) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** @param present - names seen in the folder before; a message may have come since */
async function hasLostLarge(
  { files, layout, state }: RecoveryPlace,
  head: RecordHead,
  present: ReadonlySet<string>,
): Promise<boolean> {
  const queueId = headQueueId(head);
  if (present.has(queueId) || state.isDone(head)) return false;
  return !(await exists(files, largePath(layout, queueId)));
}

/** Damaged records come last: another segment may hold a good copy. */
function* placeDamaged(
  place: RecoveryPlace,
  damaged: readonly DamagedRecord[],
): Generator<readonly RecoveredMessage[]> {
  const lost = new Map<number, { readonly cause: string; count: number }>();
  for (const { segment: id, record, cause } of damaged) {
    const segment = place.state.segments.get(id);
    const message = segment === undefined ? undefined : placed(place, segment, record);
    if (message === undefined) continue;
    yield [message];
    if (cause === undefined) continue;
    const entry = lost.get(id) ?? { cause, count: 0 };
    entry.count++;
    lost.set(id, entry);
  }
  for (const [id, { cause, count }] of lost) {
    const text = `${cause}: ${count} ${count === 1 ? 'message' : 'messages'} in it cannot be delivered`;
    place.report({ kind: 'segment', place: segmentName(id), text });
  }
}

/** The message of a record; undefined when it is done, or was found before. */
function placed(
  place: RecoveryPlace,
  segment: LiveSegment,
  record: FoundRecord,
): RecoveredMessage | undefined {
  const { state } = place;
  const row = state.found(segment, record.offset, record.head);
  if (row < 0) return undefined;
  if (place.isInDoubt === true) state.setHeld(row, true);
  const message = messageAt(state, row, record, segment.id);
  if (message.damage !== undefined) {
    state.setDamaged(row);
    place.report(messageProblem(record.damage?.kind ?? 'content', message, message.damage));
  }
  return message;
}

/** How many recipients a problem names. */
const mostNamed = 20;

/** What is to be told of a message that is damaged or gone. */
export function messageProblem(
  kind: SpoolProblem['kind'],
  { queueId, reversePath, waiting }: Pick<RecoveredMessage, 'queueId' | 'reversePath' | 'waiting'>,
  why: string,
): SpoolProblem {
  const recipients = waiting.map(({ address }) => address);
  const named = recipients.slice(0, mostNamed).map((address) => `<${address}>`);
  const more = recipients.length > mostNamed ? ` and ${recipients.length - mostNamed} more` : '';
  const text = `${why}; the message from <${reversePath}> to ${named.join(', ')}${more} cannot be delivered`;
  return { kind, place: queueId, text, message: { queueId, reversePath, recipients } };
}

/** Stands for an address that cannot be read any more; no such domain can exist (RFC 2606 2). */
export const unknownAddress = 'unknown@damaged.invalid';

function messageAt(state: QueueState, row: number, record: FoundRecord, segment: number): RecoveredMessage {
  const { head, offset } = record;
  const { receivedAtMs, sizeBytes } = head;
  const queueId = state.queueIdAt(row);
  const ref = { segment, offset, length: head.length };
  let damage = record.damage?.why;
  let outline: EnvelopeOutline | undefined;
  try {
    outline = outlineOf(record.bytes, record.at, head, queueId);
  } catch (error) {
    damage ??= error instanceof Error ? error.message : String(error);
  }
  const {
    addresses = [],
    body = '7BIT',
    reversePath = '',
    smtpUtf8 = false,
    tenant,
    priority,
  } = outline ?? {};
  const base = state.table.states[row] ?? -1;
  const waiting: RecoveredRecipient[] = [];
  for (let index = 0; index < head.recipients; index++) {
    const address = addresses[index] ?? unknownAddress;
    if (base < 0) waiting.push({ index, address, attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' });
    else if (!state.states.isDone(base + index)) waiting.push(stateAt(state, base, index, address));
  }
  if (state.isHeld(row)) damage ??= lastDamageOf(waiting[0]?.lastRefusal ?? '');
  return {
    queueId,
    ref,
    receivedAtMs,
    sizeBytes,
    reversePath,
    body,
    smtpUtf8,
    ...(tenant === undefined ? undefined : { tenant }),
    ...(priority === undefined ? undefined : { priority }),
    held: state.isHeld(row) || damage !== undefined,
    ...(damage === undefined ? undefined : { damage }),
    waiting: damage === undefined ? waiting : waiting.map((each) => withDamage(each, damage)),
  };
}

function withDamage(recipient: RecoveredRecipient, damage: string): RecoveredRecipient {
  const { index, address, attempts } = recipient;
  const lastRefusal = encodeRefusal(damageRefusal(damage));
  return { index, address, attempts, nextAttemptAtMs: 0, lastRefusal };
}

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

/** The names of large files that belong to no message that waits. */
export function unclaimedLarge(state: QueueState, names: readonly string[]): string[] {
  return names.filter((name) => state.rowOf(name) < 0);
}

export function unplacedProblem(queueId: string): SpoolProblem {
  const text =
    'the journal says that it waits, but no segment holds it: nothing else is known of the message';
  return { kind: 'missing', place: queueId, text };
}

export function inDoubtProblem(messages: number): SpoolProblem {
  const text = `neither the journal nor the file "holds" can be relied on to tell which messages were held: all ${messages} are held now. Look at them ("sluice queue list --state held"), then let them go ("sluice queue release --state held")`;
  return { kind: 'doubt', place: 'holds', text };
}
