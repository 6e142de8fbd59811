// How the content of a record is stored: as it is, or compressed with zstd (RFC 8878). Each record says it (`RecordHead.codec`), so
// that it can be read whatever the configuration says now. The record's checksum is over the stored bytes: nothing is decompressed
// that is not as it was written, but for people who look at a damaged message.

import {
  constants,
  createZstdDecompress,
  zstdCompress,
  zstdCompressSync,
  zstdDecompressSync,
  type ZstdOptions,
} from 'node:zlib';
import { promisify } from 'node:util';

export const codecNone = 0;
export const codecZstd = 1;

/**
 * A longer message is stored as it is. So no record, however damaged, makes a reader allocate more than this; also of a
 * window, since zstd needs none that is larger than the content.
 */
export const maxCompressedMessageBytes = 8 * 1024 * 1024;
const maxWindowLog = 23;
/** A shorter message would hardly become shorter. */
const leastBytes = 256;
/** One is stored compressed if that saves this fraction: less is not worth the time of its readers. */
const leastSaving = 1 / 16;
/** A longer one is compressed on another thread. */
const maxSyncBytes = 64 * 1024;
/** The first bytes of what zstd makes (RFC 8878 3.1.1). */
export const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const decompression = { [constants.ZSTD_d_windowLogMax]: maxWindowLog };

const compressOnThread = promisify(zstdCompress);

export function isWorthCompressing(sizeBytes: number): boolean {
  return sizeBytes >= leastBytes && sizeBytes <= maxCompressedMessageBytes;
}

/** Whether the sizes in a record's header can be those of a compressed message. */
export function hasPossibleSizes(sizeBytes: number, storedBytes: number): boolean {
  return sizeBytes <= maxCompressedMessageBytes && storedBytes < sizeBytes;
}

/**
 * Compresses a message; one that is long, on another thread. Undefined when that does not save enough, or fails.
 * @param level - of zstd: 1 (fast) to 19
 */
export function compressed(
  message: Uint8Array,
  level: number,
): Promise<Buffer | undefined> | Buffer | undefined {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  // With the size known, zstd allocates what this message needs: at 4 KiB that takes a quarter of the time.
  const options: ZstdOptions & { pledgedSrcSize: number } = { params, pledgedSrcSize: message.length };
  if (message.length > maxSyncBytes) {
    const stored = compressOnThread(message, options);
    return stored.then(
      (bytes) => ifShorter(bytes, message.length),
      () => undefined,
    );
  }
  try {
    return ifShorter(zstdCompressSync(message, options), message.length);
  } catch {
    return undefined; // there was no memory for it
  }
}

function ifShorter(stored: Buffer, sizeBytes: number): Buffer | undefined {
  return stored.length <= sizeBytes * (1 - leastSaving) ? stored : undefined;
}

/** The message that was compressed; undefined when `stored` is not exactly a message of this size. */
export function decompressed(stored: Uint8Array, sizeBytes: number): Buffer | undefined {
  if (!hasPossibleSizes(sizeBytes, stored.length)) return undefined;
  try {
    const options = { params: decompression, chunkSize: Math.max(sizeBytes, 64), maxOutputLength: sizeBytes };
    const message = zstdDecompressSync(stored, options);
    return message.length === sizeBytes ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of a compressed message that may be damaged: as much of it as can be decompressed, and never more than may be there. */
export function readableBeginning(stored: Uint8Array): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const stream = createZstdDecompress({ params: decompression });
  const pieces: Buffer[] = [];
  let bytes = 0;
  const end = (): void => {
    resolve(Buffer.concat(pieces));
    stream.destroy();
  };
  stream.on('data', (piece: Buffer) => {
    const rest = piece.subarray(0, maxCompressedMessageBytes - bytes);
    pieces.push(rest);
    bytes += rest.length;
    if (bytes === maxCompressedMessageBytes) end();
  });
  stream.on('end', end);
  stream.on('error', end);
  stream.end(stored);
  return promise;
}
