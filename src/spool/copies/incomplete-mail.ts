// The messages of a rescue that are not whole, until they are found whole elsewhere: what can be read of them goes to files for
// people, and each is told.

import { join, relative } from 'node:path';
import type { Envelope } from '../../message/envelope.ts';
import type { FileLayer } from '../file-layer.ts';
import { codecNone, readableBeginning } from '../segments/content-codec.ts';
import { isDone } from '../segments/id-groups.ts';
import { largePath, type SpoolLayout } from '../segments/layout.ts';
import type { QueueState } from '../segments/queue-state.ts';
import { envelopeOf, headerBytes, headQueueId, isLargeLength } from '../segments/record.ts';
import { Salvager } from '../segments/salvage.ts';
import type { FoundRecord } from '../segments/segment-index.ts';
import { segmentRef } from '../segments/segment-place.ts';
import { isQueueId, queueIdCounter, queueIdSegment } from '../queue-id.ts';
import { sizeOf } from './copied-file.ts';
import { bytesOf, writeReadable } from './readable-part.ts';
import type { ConcernedMessage, RescueFinding } from './rescue-report.ts';
import type { Source } from './rescue-sources.ts';

/** A message that is not whole, or not certain, until it is found whole elsewhere. */
interface Incomplete {
  readonly record: FoundRecord;
  readonly source: Source;
  readonly why: string;
  /** Its envelope is as it was written. */
  readonly isHeadWhole: boolean;
}

/** More of them are told, and not written. */
const mostIncomplete = 100_000;

export interface IncompleteMailParts {
  readonly files: FileLayer;
  /** Of the damaged spool. */
  readonly layout: SpoolLayout;
  /** What the journal says. */
  readonly state: QueueState;
  /** The folder of the rescue. */
  readonly folder: string;
  readonly report: (finding: RescueFinding) => void;
}

export class IncompleteMail {
  damaged = 0;
  uncertain = 0;
  readonly #parts: IncompleteMailParts;
  readonly #incomplete = new Map<string, Incomplete>();

  constructor(parts: IncompleteMailParts) {
    this.#parts = parts;
  }

  has(queueId: string): boolean {
    return this.#incomplete.has(queueId);
  }

  /** Notes a message; it may still be found whole. */
  note(record: FoundRecord, source: Source, why: string, isHeadWhole: boolean): void {
    const queueId = headQueueId(record.head);
    if (this.#parts.state.isDone(record.head) || this.#incomplete.has(queueId)) return;
    if (this.#incomplete.size < mostIncomplete)
      this.#incomplete.set(queueId, { record, source, why, isHeadWhole });
  }

  /** Writes a whole record of which it is not certain that Sluice has made it. */
  async writeUncertain(source: Source, record: FoundRecord): Promise<void> {
    const { files, folder, state } = this.#parts;
    const { head, offset } = record;
    if (isLargeLength(head.length) || state.isDone(head)) return;
    const queueId = headQueueId(head);
    const envelope = envelopeIn(record);
    const from = offset + headerBytes + head.envelopeLength;
    const stored = bytesOf(files, source.path, from, head.contentLength);
    await writeReadable(files, join(folder, 'uncertain'), {
      // Two records may say that they have the same id.
      queueId: `${queueId}-${source.id}-${offset}`,
      envelope,
      waiting: this.#waiting(queueId, envelope),
      content: head.codec === codecNone ? stored : decompressedFrom(stored),
    });
    this.uncertain++;
  }

  /** Writes what can be read of messages that were found whole nowhere. */
  async write(rescued: ReadonlySet<string>): Promise<void> {
    const salvager = new Salvager(this.#parts.files, this.#parts.layout);
    try {
      for (const [queueId, { record, source, why, isHeadWhole }] of this.#incomplete) {
        if (rescued.has(queueId)) continue;
        const ref = segmentRef(0, source.id, record.offset, record.head.length);
        const { envelope, stream } = await salvager.salvage(queueId, ref);
        const known = isHeadWhole ? envelopeIn(record) : envelope;
        await this.#tell(queueId, known, why, stream());
      }
    } finally {
      salvager.close();
    }
  }

  async #tell(
    queueId: string,
    envelope: Envelope | undefined,
    why: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const waiting = this.#waiting(queueId, envelope);
    const folder = join(this.#parts.folder, 'damaged');
    const path = await writeReadable(this.#parts.files, folder, { queueId, envelope, waiting, content });
    const written = path === undefined ? undefined : relative(this.#parts.folder, path);
    const reversePath = envelope?.reversePath ?? null;
    this.#parts.report({
      kind: 'message',
      message: { queueId, reversePath, recipients: waiting },
      why,
      written,
    });
    this.damaged++;
  }

  /** Writes large files whose records are lost. @param names - of all large files */
  async writeOrphans(names: readonly string[], rescued: ReadonlySet<string>): Promise<void> {
    for (const queueId of names) {
      if (!isQueueId(queueId) || rescued.has(queueId) || this.#incomplete.has(queueId)) continue;
      const { groups } = this.#parts.state;
      const group = groups.get(queueIdSegment(queueId));
      const counter = queueIdCounter(queueId);
      if (group !== undefined && isDone(group, counter)) continue;
      const path = largePath(this.#parts.layout, queueId);
      if (((await sizeOf(this.#parts.files, path)) ?? 0) === 0) continue;
      await this.#tell(
        queueId,
        undefined,
        'its record is lost, or it had not been received completely',
        bytesOf(this.#parts.files, path),
      );
    }
  }

  /** Addresses of recipients that are not done, as far as the journal tells. */
  #waiting(queueId: string, envelope: Envelope | undefined): string[] {
    const row = this.#parts.state.rowOf(queueId);
    const { states, table } = this.#parts.state;
    const base = row < 0 ? -1 : (table.states[row] ?? -1);
    const known = row < 0 ? 0 : (table.recipients[row] ?? 0);
    return (envelope?.recipients ?? [])
      .filter((_, index) => base < 0 || index >= known || !states.isDone(base + index))
      .map(({ address }) => address);
  }

  /** Tells of a message of which nothing was found. */
  tellLost(queueId: string, why: string): void {
    const message = { queueId, reversePath: null, recipients: [] };
    this.#parts.report({ kind: 'message', message, why, written: undefined });
    this.damaged++;
  }
}

/** Of a record whose checksums match, so that it is of bounded size. */
async function* decompressedFrom(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await readableBeginning(Buffer.concat(await Array.fromAsync(stored)));
}

function envelopeIn({ at, bytes, head }: FoundRecord): Envelope | undefined {
  try {
    return envelopeOf(bytes, at, head);
  } catch {
    return undefined; // its strings do not fit, or a later version wrote it
  }
}

/** A record's message, as far as its envelope can be read. */
export function concernedBy(record: FoundRecord): ConcernedMessage {
  const envelope = envelopeIn(record);
  return {
    queueId: headQueueId(record.head),
    reversePath: envelope?.reversePath ?? null,
    recipients: envelope?.recipients.map(({ address }) => address) ?? [],
  };
}
