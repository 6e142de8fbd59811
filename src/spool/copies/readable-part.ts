// Writes what can be read of a message to files for people: `ID.eml` and `ID.envelope.json`, as `sluice queue export` does.

import { join } from 'node:path';
import type { Envelope } from '../../message/envelope.ts';
import { fdatasync, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { writeText } from './manifest.ts';
import { writing } from './copy-error.ts';

export interface ReadablePart {
  readonly queueId: string;
  readonly envelope: Envelope | undefined;
  /** Addresses of the recipients that still wait. */
  readonly waiting: readonly string[];
  readonly content: AsyncIterable<Uint8Array>;
}

/** @returns the path of the message; undefined when nothing of it could be read */
export async function writeReadable(
  files: FileLayer,
  folder: string,
  { queueId, envelope, waiting, content }: ReadablePart,
): Promise<string | undefined> {
  await writing(folder, files.mkdir(folder));
  const path = join(folder, `${queueId}.eml`);
  const fd = await writing(folder, files.open(path, 'w'));
  let bytes = 0;
  try {
    for await (const piece of content) {
      await writing(folder, writeAll(files, fd, [piece], bytes));
      bytes += piece.length;
    }
    await writing(folder, fdatasync(files, fd));
  } finally {
    await files.close(fd);
  }
  if (bytes === 0) await files.unlink(path);
  const known = envelope ?? { queueId, reversePath: null, recipients: null };
  await writing(
    folder,
    writeText(files, join(folder, `${queueId}.envelope.json`), `${JSON.stringify({ ...known, waiting })}\n`),
  );
  return bytes === 0 ? undefined : path;
}

/** The bytes of a part of a file, in pieces. */
export async function* bytesOf(
  files: FileLayer,
  path: string,
  from = 0,
  length = Infinity,
): AsyncGenerator<Uint8Array> {
  const fd = await files.open(path, 'r');
  try {
    const end = Math.min(from + length, await files.size(fd));
    for (let at = from; at < end;) {
      const piece = Buffer.allocUnsafe(Math.min(256 * 1024, end - at));
      const got = await new Promise<number>((resolve, reject) => {
        files.read(fd, piece, 0, piece.length, at, (error, count) =>
          error ? reject(error) : resolve(count),
        );
      });
      if (got === 0) return;
      yield piece.subarray(0, got);
      at += got;
    }
  } finally {
    await files.close(fd);
  }
}
