// Reads a message that may be damaged, for people who want to see or export it. Everything that can still be read is
// returned, in order and in pieces of bounded size; damaged and missing parts are named; nothing is changed.

import { crc32 } from 'node:zlib';
import { nodeTimers } from '../../io/timers.ts';
import type { Envelope } from '../../message/envelope.ts';
import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { IndexCopies } from './index-copies.ts';
import { largePath, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentName } from '../queue-id.ts';
import {
  headerBytes,
  kindLarge,
  uncheckedHead,
  envelopeOf,
  headLengthAt,
  headQueueId,
  isLargeLength,
  parseHead,
  type RecordHead,
} from './record.ts';
import { SpoolError, isDenied, systemCode } from '../spool-error.ts';
import { segmentPlace, type SegmentPlace } from './segment-place.ts';
import type { SalvagedMessage, SpoolSalvager, StoredRef } from '../types.ts';

const pieceBytes = 64 * 1024;
/** Bytes that are read at first: enough for the header and envelope of most messages. */
const headGuessBytes = 1024;
/** First header fields of contents: Received of this host (RFC 5321 4.4), or From in our own reports. */
const firstFields = ['Received:', 'From:'];
/** Range in which the beginning of the content is searched when the record's header cannot be read. */
const maxSearchBytes = 1024 * 1024;

/** The place of a message's content. */
interface Extent {
  readonly path: string;
  readonly from: number;
  /** Offset after the last byte; Infinity: the end of the file. */
  readonly to: number;
  /** Checksum; undefined when it is unknown. */
  readonly crc: number | undefined;
  /** The fault to name when the file is missing. */
  readonly missingText: string;
}

export class Salvager implements SpoolSalvager {
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  readonly #copies: IndexCopies;

  constructor(files: FileLayer, layout: SpoolLayout) {
    this.#files = files;
    this.#layout = layout;
    this.#copies = new IndexCopies(files, layout, nodeTimers);
  }

  async salvage(queueId: string, ref: StoredRef): Promise<SalvagedMessage> {
    const place = segmentPlace(ref);
    const faults: string[] = [];
    const record = await this.#readHead(place);
    const own = ownHead(record, queueId, place);
    const copy = own === undefined ? await this.#copies.find(place).catch(() => undefined) : undefined;
    const isCopy = copy !== undefined && headQueueId(copy.head) === queueId;
    const head = own ?? (isCopy ? copy.head : undefined);
    let envelope: Envelope | undefined;
    if (own !== undefined) envelope = envelopeOf(record, 0, own);
    else if (isCopy) envelope = envelopeOf(copy.bytes, copy.at, copy.head);
    else faults.push('Its envelope is damaged, and no copy of it is left.');
    const extent = await this.#extent(queueId, place, record, head, faults);
    return { envelope, faults, stream: () => this.#pieces(extent, faults) };
  }

  close(): void {
    this.#copies.close();
  }

  /** Reads header and envelope; returns fewer bytes, or none, where the segment is damaged. */
  async #readHead(place: SegmentPlace): Promise<Buffer> {
    const path = segmentPath(this.#layout, place.segment);
    const guess = await this.#readBytes(path, place.offset, Math.min(place.length, headGuessBytes));
    const needed = guess.length < headerBytes ? 0 : headLengthAt(guess, 0);
    return needed > guess.length && needed <= place.length
      ? this.#readBytes(path, place.offset, needed)
      : guess;
  }

  /** Determines where the content is; adds a fault when this is a guess. */
  async #extent(
    queueId: string,
    place: SegmentPlace,
    record: Buffer,
    head: RecordHead | undefined,
    faults: string[],
  ): Promise<Extent> {
    const claimed = head ?? plausibleHead(record, place);
    const isLarge = head === undefined ? isLargeLength(place.length) : head.kind === kindLarge;
    if (isLarge) {
      const path = largePath(this.#layout, queueId);
      const missingText = `Its content is gone: there is no file ${path}.`;
      return { path, from: 0, to: claimed?.sizeBytes ?? Infinity, crc: claimed?.contentCrc, missingText };
    }
    const path = segmentPath(this.#layout, place.segment);
    const to = place.offset + place.length;
    const missingText = `Its content is gone: there is no segment ${segmentName(place.segment)}.`;
    if (claimed !== undefined) {
      const from = place.offset + headerBytes + claimed.envelopeLength;
      return { path, from, to, crc: claimed.contentCrc, missingText };
    }
    const from = place.offset + (await this.#contentStart(path, place));
    faults.push('Where its content begins is a guess: bytes of the envelope may stand before it.');
    return { path, from, to, crc: undefined, missingText };
  }

  /** Offset in the record at which the content seems to begin. */
  async #contentStart(path: string, place: SegmentPlace): Promise<number> {
    const bytes = await this.#readBytes(path, place.offset, Math.min(place.length, maxSearchBytes));
    for (const field of firstFields) {
      const at = bytes.indexOf(field, headerBytes, 'latin1');
      if (at !== -1) return at;
    }
    return Math.min(headerBytes, place.length);
  }

  /** Reads as many bytes as there are; none when the file is missing or the disk cannot read it. */
  async #readBytes(path: string, offset: number, length: number): Promise<Buffer> {
    const fd = await this.#open(path);
    if (fd === undefined) return Buffer.alloc(0);
    try {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, await readUpTo(this.#files, fd, bytes, length, offset));
    } catch (error) {
      if (systemCode(error) === 'EIO') return Buffer.alloc(0);
      throw unreadable(path, error);
    } finally {
      await this.#files.close(fd);
    }
  }

  async *#pieces(extent: Extent, faults: string[]): AsyncGenerator<Uint8Array> {
    const fd = await this.#open(extent.path);
    if (fd === undefined) {
      faults.push(extent.missingText);
      return;
    }
    try {
      yield* this.#readable(fd, extent, faults);
    } finally {
      await this.#files.close(fd);
    }
  }

  async *#readable(fd: number, extent: Extent, faults: string[]): AsyncGenerator<Uint8Array> {
    const { path, from } = extent;
    const to = extent.to === Infinity ? await this.#files.size(fd) : extent.to;
    let crc = 0;
    let isWhole = true;
    for (let position = from; position < to;) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, to - position));
      const place = `${position - from} to ${position - from + piece.length - 1}`;
      let got: number;
      try {
        got = await readUpTo(this.#files, fd, piece, piece.length, position);
      } catch (error) {
        if (systemCode(error) !== 'EIO') throw unreadable(path, error);
        faults.push(`Bytes ${place} of its content cannot be read from the disk: they are left out.`);
        isWhole = false;
        position += piece.length;
        continue;
      }
      const bytes = piece.subarray(0, got);
      crc = crc32(bytes, crc);
      position += got;
      if (got > 0) yield bytes;
      if (got === piece.length) continue;
      faults.push(`Only ${position - from} of the ${to - from} bytes of its content are there.`);
      return;
    }
    if (!isWhole || extent.crc === crc) return;
    faults.push(
      extent.crc === undefined
        ? 'It is unknown whether its content is as it was written.'
        : 'The checksum of its content does not match: some of its bytes are not as they were written.',
    );
  }

  /** Opens a file; undefined when there is none. */
  async #open(path: string): Promise<number | undefined> {
    try {
      return await this.#files.open(path, 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw unreadable(path, error);
    }
  }
}

/** The record's own head, if its checksum matches and it belongs to this message. */
function ownHead(record: Buffer, queueId: string, place: SegmentPlace): RecordHead | undefined {
  const head = parseHead(record, 0);
  return head?.length === place.length && headQueueId(head) === queueId ? head : undefined;
}

/** A damaged header, if its lengths fit the reference. */
function plausibleHead(record: Buffer, place: SegmentPlace): RecordHead | undefined {
  if (record.length < headerBytes) return undefined;
  const head = uncheckedHead(record, 0);
  return head?.length === place.length ? head : undefined;
}

/** The error for a failed system call. It does not mean that the message is damaged. */
function unreadable(path: string, cause: unknown): SpoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(isDenied(cause) ? 'SPOOL_DENIED' : 'SPOOL_UNREADABLE', `reading ${path}: ${why}`, {
    cause,
  });
}
