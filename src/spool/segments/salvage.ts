// Reads a message that may be damaged, for people who want to see or export it. Everything that can still be read is
// returned, in order and in pieces of bounded size; damaged and missing parts are named; nothing is changed.

import { crc32 } from 'node:zlib';
import { nodeTimers } from '../../io/timers.ts';
import type { Envelope } from '../../message/envelope.ts';
import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { codecNone, maxCompressedMessageBytes, readableBeginning, zstdMagic } from './content-codec.ts';
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
  prefixCrcBytes,
  storedCrcOf,
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

/** The place of a part of the message: its content, or the prefix of a large message. */
interface Extent {
  /** The words for this part, after "its". */
  readonly what: string;
  readonly path: string;
  readonly from: number;
  /** Offset after the last byte; Infinity: the end of the file. */
  readonly to: number;
  /** What is stored has to be decompressed. */
  readonly isCompressed: boolean;
  /** Checksum of what is stored; undefined when it is unknown. */
  readonly crc: number | undefined;
  /** The fault to name when the file is missing. */
  readonly missingText: string;
}

/** The header of the message's record, and the bytes that it was read from. */
interface KnownRecord {
  readonly head: RecordHead;
  readonly bytes: Buffer;
  readonly at: number;
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
    const known: KnownRecord | undefined =
      own !== undefined ? { head: own, bytes: record, at: 0 } : isCopy ? copy : undefined;
    let envelope: Envelope | undefined;
    if (own !== undefined) envelope = envelopeOf(record, 0, own);
    else if (isCopy) envelope = envelopeOf(copy.bytes, copy.at, copy.head);
    else faults.push('Its envelope is damaged, and no copy of it is left.');
    const extents = await this.#extents(queueId, place, known ?? plausibleRecord(record, place), faults);
    return { envelope, faults, stream: () => this.#pieces(extents, faults) };
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

  /** Determines where the parts of the message are; adds a fault when this is a guess. */
  async #extents(
    queueId: string,
    place: SegmentPlace,
    known: KnownRecord | undefined,
    faults: string[],
  ): Promise<readonly Extent[]> {
    const head = known?.head;
    const isLarge = head === undefined ? isLargeLength(place.length) : head.kind === kindLarge;
    const inRecord = await this.#extentInRecord(place, known, isLarge, faults);
    if (!isLarge) return [inRecord];
    const path = largePath(this.#layout, queueId);
    const to = head === undefined ? Infinity : head.sizeBytes - head.contentLength;
    const missingText = `Its content is gone: there is no file ${path}.`;
    const file = {
      what: 'content',
      path,
      from: 0,
      to,
      isCompressed: false,
      crc: head?.contentCrc,
      missingText,
    };
    return inRecord.from < inRecord.to ? [inRecord, file] : [file];
  }

  /** The part of the message that is in its record: the content, or the prefix of a large message. */
  async #extentInRecord(
    place: SegmentPlace,
    known: KnownRecord | undefined,
    isLarge: boolean,
    faults: string[],
  ): Promise<Extent> {
    const { length, offset, segment } = place;
    const path = segmentPath(this.#layout, segment);
    const to = offset + length;
    const what = isLarge ? 'added header' : 'content';
    const missingText = isLarge
      ? `The header fields that were added to it are gone: there is no segment ${segmentName(segment)}.`
      : `Its content is gone: there is no segment ${segmentName(segment)}.`;
    if (known !== undefined) {
      const { at, bytes, head } = known;
      const from = offset + headerBytes + head.envelopeLength;
      const isCompressed = head.codec !== codecNone;
      return { what, path, from, to, isCompressed, crc: storedCrcOf(bytes, at, head), missingText };
    }
    const crc = undefined;
    const { start, isCompressed } = await this.#contentStart(path, place);
    // The record of a large message need not have anything but its envelope.
    if (start === undefined && isLarge) return { what, path, from: to, to, isCompressed, crc, missingText };
    faults.push(`Where its ${what} begins is a guess: bytes of the envelope may stand before it.`);
    const from = offset + (start ?? Math.min(headerBytes, length));
    return { what, path, from, to, isCompressed, crc, missingText };
  }

  /** Offset in the record at which the message seems to begin; undefined when nothing is found with which it could. */
  async #contentStart(
    path: string,
    place: SegmentPlace,
  ): Promise<{ readonly start?: number; readonly isCompressed: boolean }> {
    const bytes = await this.#readBytes(path, place.offset, Math.min(place.length, maxSearchBytes));
    // No envelope and no header field has these bytes, which are not UTF-8.
    const frame = bytes.indexOf(zstdMagic, headerBytes);
    for (const field of firstFields) {
      const start = bytes.indexOf(field, headerBytes, 'latin1');
      if (start !== -1 && (frame === -1 || start < frame)) return { start, isCompressed: false };
    }
    return frame === -1 ? { isCompressed: false } : { start: frame, isCompressed: true };
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

  async *#pieces(extents: readonly Extent[], faults: string[]): AsyncGenerator<Uint8Array> {
    for (const extent of extents)
      yield* extent.isCompressed ? this.#decompressed(extent, faults) : this.#part(extent, faults);
  }

  /** What can be decompressed of a message, up to the first damage. */
  async *#decompressed(extent: Extent, faults: string[]): AsyncGenerator<Uint8Array> {
    const known = faults.length;
    const stored: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.#part(extent, faults)) {
      // Where bytes are left out, what follows them cannot be understood.
      if (faults.length > known || bytes > maxCompressedMessageBytes) break;
      stored.push(piece);
      bytes += piece.length;
    }
    const message = await readableBeginning(Buffer.concat(stored));
    for (let at = 0; at < message.length; at += pieceBytes) yield message.subarray(at, at + pieceBytes);
    if (faults.length > known) {
      faults.push(
        `It is stored compressed: ${message.length} bytes could be decompressed, and any after the damage may be wrong.`,
      );
    }
  }

  async *#part(extent: Extent, faults: string[]): AsyncGenerator<Uint8Array> {
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
    const { from, path, what } = extent;
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
        faults.push(`Bytes ${place} of its ${what} cannot be read from the disk: they are left out.`);
        isWhole = false;
        position += piece.length;
        continue;
      }
      const bytes = piece.subarray(0, got);
      crc = crc32(bytes, crc);
      position += got;
      if (got > 0) yield bytes;
      if (got === piece.length) continue;
      faults.push(`Only ${position - from} of the ${to - from} bytes of its ${what} are there.`);
      return;
    }
    if (!isWhole || extent.crc === crc) return;
    faults.push(
      extent.crc === undefined
        ? `It is unknown whether its ${what} is as it was written.`
        : `The checksum of its ${what} does not match: some of its bytes are not as they were written.`,
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

/** A damaged record, if the lengths in its header fit the reference. */
function plausibleRecord(bytes: Buffer, place: SegmentPlace): KnownRecord | undefined {
  if (bytes.length < headerBytes + prefixCrcBytes) return undefined;
  const head = uncheckedHead(bytes, 0);
  return head?.length === place.length ? { head, bytes, at: 0 } : undefined;
}

/** The error for a failed system call. It does not mean that the message is damaged. */
function unreadable(path: string, cause: unknown): SpoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(isDenied(cause) ? 'SPOOL_DENIED' : 'SPOOL_UNREADABLE', `reading ${path}: ${why}`, {
    cause,
  });
}
