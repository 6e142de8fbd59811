// Reads what is left of a message, for people who look at it or take it out by hand. Promises: whatever the disk still
// gives is handed out, in order, in pieces of bounded size; what is damaged or missing is said; nothing is changed.

import { crc32 } from 'node:zlib';
import { nodeTimers } from '../io/timers.ts';
import type { Envelope } from '../message/envelope.ts';
import { readUpTo } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { IndexCopies } from './index-copies.ts';
import { largePath, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentName } from './queue-id.ts';
import {
  headerBytes,
  kindLarge,
  claimedHead,
  envelopeOf,
  headLengthAt,
  headQueueId,
  isLargeLength,
  parseHead,
  type RecordHead,
} from './record.ts';
import { SpoolError, isDenied, systemCode } from './spool-error.ts';
import type { SalvagedMessage, SpoolSalvager, StoredRef } from './types.ts';

const pieceBytes = 64 * 1024;
/** Enough for the header and envelope of most messages. */
const headGuessBytes = 1024;
/** The content of every message begins with the Received line of this host (RFC 5321 4.4), or is a report of ours. */
const beginnings = ['Received:', 'From:'];
/** How far the begin of a content is looked for behind a header that cannot be read. */
const maxSearchBytes = 1024 * 1024;

/** Where the content is. */
interface Extent {
  readonly path: string;
  readonly from: number;
  /** Behind its last byte; Infinity: to the end of the file. */
  readonly to: number;
  /** Undefined when it is not known. */
  readonly crc: number | undefined;
  /** What is gone when the file is not there. */
  readonly fileText: string;
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
    const faults: string[] = [];
    const record = await this.#head(ref);
    const own = ownHead(record, queueId, ref);
    const copy = own === undefined ? await this.#copies.find(ref).catch(() => undefined) : undefined;
    const isCopy = copy !== undefined && headQueueId(copy.head) === queueId;
    const head = own ?? (isCopy ? copy.head : undefined);
    let envelope: Envelope | undefined;
    if (own !== undefined) envelope = envelopeOf(record, 0, own);
    else if (isCopy) envelope = envelopeOf(copy.bytes, copy.at, copy.head);
    else faults.push('Its envelope is damaged, and no copy of it is left.');
    const extent = await this.#extent(queueId, ref, record, head, faults);
    return { envelope, faults, stream: () => this.#pieces(extent, faults) };
  }

  close(): void {
    this.#copies.close();
  }

  /** The bytes of header and envelope that can be read; fewer, or none, where the segment is damaged. */
  async #head(ref: StoredRef): Promise<Buffer> {
    const path = segmentPath(this.#layout, ref.segment);
    const guess = await this.#bytes(path, ref.offset, Math.min(ref.length, headGuessBytes));
    const needed = guess.length < headerBytes ? 0 : headLengthAt(guess, 0);
    return needed > guess.length && needed <= ref.length ? this.#bytes(path, ref.offset, needed) : guess;
  }

  async #extent(
    queueId: string,
    ref: StoredRef,
    record: Buffer,
    head: RecordHead | undefined,
    faults: string[],
  ): Promise<Extent> {
    const claimed = head ?? plausibleHead(record, ref);
    const isLarge = head === undefined ? isLargeLength(ref.length) : head.kind === kindLarge;
    if (isLarge) {
      const path = largePath(this.#layout, queueId);
      const fileText = `Its content is gone: there is no file ${path}.`;
      return { path, from: 0, to: claimed?.sizeBytes ?? Infinity, crc: claimed?.contentCrc, fileText };
    }
    const path = segmentPath(this.#layout, ref.segment);
    const to = ref.offset + ref.length;
    const fileText = `Its content is gone: there is no segment ${segmentName(ref.segment)}.`;
    if (claimed !== undefined) {
      const from = ref.offset + headerBytes + claimed.envelopeLength;
      return { path, from, to, crc: claimed.contentCrc, fileText };
    }
    const from = ref.offset + (await this.#contentStart(path, ref));
    faults.push('Where its content begins is a guess: bytes of the envelope may stand before it.');
    return { path, from, to, crc: undefined, fileText };
  }

  /** Bytes of the record before what looks like the begin of a message. */
  async #contentStart(path: string, ref: StoredRef): Promise<number> {
    const bytes = await this.#bytes(path, ref.offset, Math.min(ref.length, maxSearchBytes));
    for (const beginning of beginnings) {
      const at = bytes.indexOf(beginning, headerBytes, 'latin1');
      if (at !== -1) return at;
    }
    return Math.min(headerBytes, ref.length);
  }

  /** As many bytes as there are; none when the file is gone or the disk does not give them. */
  async #bytes(path: string, offset: number, length: number): Promise<Buffer> {
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
      faults.push(extent.fileText);
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
        faults.push(`The disk does not give bytes ${place} of its content: they are left out.`);
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
        ? 'Whether its content is as it was written cannot be told.'
        : 'The checksum of its content does not hold: some of its bytes are not as they were written.',
    );
  }

  /** Undefined when there is no such file. */
  async #open(path: string): Promise<number | undefined> {
    try {
      return await this.#files.open(path, 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw unreadable(path, error);
    }
  }
}

function ownHead(record: Buffer, queueId: string, ref: StoredRef): RecordHead | undefined {
  const head = parseHead(record, 0);
  return head?.length === ref.length && headQueueId(head) === queueId ? head : undefined;
}

/** What a damaged header says of the lengths, when they fit the record. */
function plausibleHead(record: Buffer, ref: StoredRef): RecordHead | undefined {
  if (record.length < headerBytes) return undefined;
  const head = claimedHead(record, 0);
  return head?.length === ref.length ? head : undefined;
}

/** Want of files or rights says nothing about the message. */
function unreadable(path: string, cause: unknown): SpoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(isDenied(cause) ? 'SPOOL_DENIED' : 'SPOOL_UNREADABLE', `reading ${path}: ${why}`, {
    cause,
  });
}
