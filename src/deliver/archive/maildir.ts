// Adds messages to a Maildir (https://cr.yp.to/proto/maildir.html): written in `tmp`, on stable storage, and then moved to `new`, so that no
// reader sees a part of one, and none is lost.

import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

let deliveries = 0;

/** Never used again: the time, this process, and a number in it. Neither a slash nor a colon may stand in it. */
function uniqueName(nowMs: number): string {
  const host = hostname()
    .replaceAll('/', String.raw`\057`)
    .replaceAll(':', String.raw`\072`);
  const micros = Math.floor(performance.now() * 1000) % 1_000_000;
  return `${Math.floor(nowMs / 1000)}.M${micros}P${process.pid}Q${++deliveries}.${host}`;
}

/** Makes the folder and its three parts where they are missing. @throws {Error} of the system */
async function makeMaildir(folder: string): Promise<void> {
  for (const part of ['tmp', 'new', 'cur']) await mkdir(join(folder, part), { recursive: true, mode: 0o700 });
}

/**
 * @returns the path of the message, which is on stable storage
 * @throws {Error} of the system, or of `pieces`; nothing is left then
 */
export async function addToMaildir(
  folder: string,
  pieces: AsyncIterable<Uint8Array>,
  nowMs: number,
): Promise<string> {
  const name = uniqueName(nowMs);
  const written = join(folder, 'tmp', name);
  const file = await open(written, 'wx', 0o600).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await makeMaildir(folder);
    return open(written, 'wx', 0o600);
  });
  const moved = join(folder, 'new', name);
  try {
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    // Not rename(2), which would replace another message of the same name.
    await link(written, moved);
  } finally {
    await unlink(written).catch(() => undefined);
  }
  await syncFolder(join(folder, 'new'));
  return moved;
}

/** A name in a folder is on stable storage when the folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}
