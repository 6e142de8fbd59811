// Replaces a file by its compressed form, FILE.gz. Promises: there is always one of the two, whole; whoever may not read the file
// may not read the other one either; nothing but that file is read, whatever was put in its place.

import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL } = constants;

/**
 * @param signal - breaks off: the file stays as it is
 * @throws {Error} of the system, or when it is no file of its own
 */
export async function compressFile(path: string, signal: AbortSignal): Promise<void> {
  const part = `${path}.gz.part`;
  await using source = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const stats = await source.stat();
  // Root may do this in a folder that belongs to another user.
  if (!stats.isFile() || stats.nlink !== 1)
    throw new Error(`${path} is no file, or has another name elsewhere`);
  await rm(part, { force: true }); // of a run that was broken off
  await using target = await open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (process.getuid?.() === 0) await target.chown(stats.uid, stats.gid);
    await target.chmod(stats.mode & 0o777);
    // `flush`: on stable storage before the other form is removed.
    await pipeline(source.createReadStream(), createGzip(), target.createWriteStream({ flush: true }), {
      signal,
    });
    await rename(part, `${path}.gz`);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await rm(path, { force: true });
}
