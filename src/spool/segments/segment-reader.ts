// Reads a message by its reference. Its checksums are verified before anything of it is returned; those of a large message
// before its last piece.

import { crc32 } from 'node:zlib';
import { nodeTimers, type Timers } from '../../io/timers.ts';
import type { Envelope, MessageHead } from '../../message/envelope.ts';
import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { codecNone, decompressed } from './content-codec.ts';
import { IndexCopies } from './index-copies.ts';
import { largePath, type SpoolLayout } from './layout.ts';
import { OpenSegments } from './open-segments.ts';
import { segmentName } from '../queue-id.ts';
import {
  headerBytes,
  kindLarge,
  uncheckedHead,
  envelopeOf,
  headLengthAt,
  headQueueId,
  parseHead,
  storedCrcOf,
  type RecordHead,
} from './record.ts';
import { SpoolError, systemCode } from '../spool-error.ts';
import { segmentPlace, type SegmentPlace } from './segment-place.ts';
import type { QueueReader, StoredMessage, StoredRef } from '../types.ts';

const pieceBytes = 64 * 1024;
/** Bytes that are read at first: enough for the header and envelope of most messages. */
const headGuessBytes = 1024;

function where(at: SegmentPlace): string {
  return `the record at byte ${at.offset} of segment ${segmentName(at.segment)}`;
}

function corrupt(at: SegmentPlace, what: string): SpoolError {
  return new SpoolError('SPOOL_CORRUPT', `reading ${where(at)}: ${what}`);
}

/** The error for a failed system call. Unless the file is missing, it does not mean that the message is damaged. */
function readError(at: SegmentPlace, cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause;
  const code = systemCode(cause) === 'ENOENT' ? 'SPOOL_MISSING' : 'SPOOL_UNREADABLE';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(code, `reading ${where(at)}: ${why}`, { cause });
}

/** The head of a record, if its checksum matches and its length is that of the reference. */
function parsedHead(at: SegmentPlace, bytes: Buffer, got: number): RecordHead | undefined {
  const head = parseHead(got === bytes.length ? bytes : bytes.subarray(0, got), 0);
  return head?.length === at.length ? head : undefined;
}

export class SegmentReader implements QueueReader {
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  readonly #segments: OpenSegments;
  readonly #copies: IndexCopies;

  constructor(files: FileLayer, layout: SpoolLayout, timers: Timers = nodeTimers) {
    this.#files = files;
    this.#layout = layout;
    this.#segments = new OpenSegments(files, layout, timers);
    this.#copies = new IndexCopies(files, layout, timers);
  }

  readFresh(ref: StoredRef): StoredMessage {
    const at = segmentPlace(ref);
    try {
      const fd = this.#segments.fdSync(at.segment);
      const record = Buffer.allocUnsafe(at.length);
      let got = 0;
      while (got < at.length) {
        const count = this.#files.readSync(fd, record, got, at.length - got, at.offset + got);
        if (count === 0) break;
        got += count;
      }
      return this.#message(at, record, got, this.#head(at, record, got));
    } catch (error) {
      throw readError(at, error);
    }
  }

  async read(ref: StoredRef): Promise<StoredMessage> {
    const at = segmentPlace(ref);
    try {
      const record = Buffer.allocUnsafe(at.length);
      const got = await this.#segments.with(at.segment, (fd) =>
        readUpTo(this.#files, fd, record, at.length, at.offset),
      );
      const head = parsedHead(at, record, got);
      if (head !== undefined) return this.#message(at, record, got, head);
      // Use the copy of header and envelope in the index. It has the checksum of the content, too.
      const copy = await this.#copies.find(at);
      if (copy === undefined) return this.#message(at, record, got, this.#head(at, record, got));
      copy.bytes.copy(record, 0, copy.at, copy.at + headerBytes + copy.head.envelopeLength);
      return { ...this.#message(at, record, got, copy.head), isFromIndex: true };
    } catch (error) {
      throw readError(at, error);
    }
  }

  async readEnvelope(ref: StoredRef): Promise<Envelope> {
    return (await this.readHead(ref)).envelope;
  }

  async readHead(ref: StoredRef): Promise<MessageHead> {
    const at = segmentPlace(ref);
    try {
      return await this.#ownHead(at);
    } catch (error) {
      const copy = await this.#copies.find(at).catch(() => undefined);
      if (copy !== undefined) return messageHead(copy.bytes, copy.at, copy.head);
      throw readError(at, error);
    }
  }

  async readDamagedEnvelope(queueId: string, ref: StoredRef): Promise<Envelope | undefined> {
    try {
      const at = segmentPlace(ref);
      return await this.#segments.with(at.segment, (fd) => this.#uncheckedEnvelope(fd, queueId, at));
    } catch {
      return undefined; // the caller knows already that the message is damaged
    }
  }

  /** The envelope as recovery lists it: see `uncheckedHead`. */
  async #uncheckedEnvelope(fd: number, queueId: string, at: SegmentPlace): Promise<Envelope | undefined> {
    const read = async (length: number): Promise<Buffer> => {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, await readUpTo(this.#files, fd, bytes, length, at.offset));
    };
    const guess = await read(Math.min(at.length, headGuessBytes));
    const head = guess.length < headerBytes ? undefined : uncheckedHead(guess, 0);
    if (head?.length !== at.length || headQueueId(head) !== queueId) return undefined;
    const needed = headerBytes + head.envelopeLength;
    const bytes = needed <= guess.length ? guess : await read(needed);
    return bytes.length < needed ? undefined : envelopeOf(bytes, 0, head);
  }

  #ownHead(at: SegmentPlace): Promise<MessageHead> {
    return this.#segments.with(at.segment, async (fd) => {
      let bytes = Buffer.allocUnsafe(Math.min(at.length, headGuessBytes));
      let got = await readUpTo(this.#files, fd, bytes, bytes.length, at.offset);
      const needed = got < headerBytes ? 0 : headLengthAt(bytes, 0);
      if (needed > got && needed <= at.length) {
        bytes = Buffer.allocUnsafe(needed);
        got = await readUpTo(this.#files, fd, bytes, needed, at.offset);
      }
      return messageHead(bytes, 0, this.#head(at, bytes, got));
    });
  }

  close(): void {
    this.#segments.close();
    this.#copies.close();
  }

  #head(at: SegmentPlace, bytes: Buffer, got: number): RecordHead {
    if (got === 0) throw new SpoolError('SPOOL_MISSING', `reading ${where(at)}: the segment ends before it`);
    const head = parsedHead(at, bytes, got);
    if (head === undefined) throw corrupt(at, 'the checksum of header and envelope does not match');
    return head;
  }

  #message(at: SegmentPlace, record: Buffer, got: number, head: RecordHead): StoredMessage {
    const envelope = envelopeOf(record, 0, head);
    const { sizeBytes } = head;
    const isLarge = head.kind === kindLarge;
    // Of a large message, this is its prefix.
    const content = record.subarray(headerBytes + head.envelopeLength);
    if (got < at.length || crc32(content) !== storedCrcOf(record, 0, head)) {
      const what = isLarge ? 'the prefix' : 'the content';
      throw corrupt(at, `the checksum of ${what} of message ${envelope.queueId} does not match`);
    }
    if (!isLarge) {
      const message = head.codec === codecNone ? content : decompressed(content, sizeBytes);
      if (message === undefined) throw corrupt(at, 'what is stored of it cannot be decompressed');
      return { envelope, sizeBytes, content: message, stream: () => pieces(message) };
    }
    const stream = (): AsyncIterable<Uint8Array> => this.#largePieces(envelope.queueId, head, content);
    return { envelope, sizeBytes, content: undefined, stream };
  }

  async *#largePieces(queueId: string, head: RecordHead, prefix: Uint8Array): AsyncGenerator<Uint8Array> {
    const files = this.#files;
    const fileBytes = head.sizeBytes - prefix.length;
    let fd: number;
    try {
      fd = await files.open(largePath(this.#layout, queueId), 'r');
    } catch (error) {
      throw largeError(queueId, error);
    }
    try {
      yield* pieces(prefix);
      let crc = 0;
      for (let position = 0; position < fileBytes;) {
        const piece = Buffer.allocUnsafe(Math.min(pieceBytes, fileBytes - position));
        const got = await readUpTo(files, fd, piece, piece.length, position);
        crc = crc32(piece.subarray(0, got), crc);
        position += got;
        // The checksum is verified before the last piece is returned, so that a damaged message is never complete.
        if (got < piece.length || (position === fileBytes && crc !== head.contentCrc)) {
          throw new SpoolError(
            'SPOOL_CORRUPT',
            `reading large message ${queueId}: its checksum does not match`,
          );
        }
        yield piece;
      }
    } catch (error) {
      throw largeError(queueId, error);
    } finally {
      await files.close(fd);
    }
  }
}

function messageHead(bytes: Buffer, at: number, head: RecordHead): MessageHead {
  return { envelope: envelopeOf(bytes, at, head), sizeBytes: head.sizeBytes };
}

function largeError(queueId: string, cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause;
  const code = systemCode(cause) === 'ENOENT' ? 'SPOOL_MISSING' : 'SPOOL_UNREADABLE';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(code, `reading the file of large message ${queueId}: ${why}`, { cause });
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < content.length; position += pieceBytes) {
    yield content.subarray(position, position + pieceBytes);
  }
}
