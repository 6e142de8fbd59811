// The program of the thread that has the database of greylisting: its calls wait for the disk and for locks, and the manager's event loop must not.
// Promises: a database that somebody has removed or replaced is opened anew; a damaged one is put aside, since what is in it can be learned again.

import { renameSync, statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

import { removeFile } from '../../io/remove-file.ts';
import { GreylistDatabase } from './greylist-database.ts';
import type { GreylistBatch, GreylistReply, GreylistResult } from './messages.ts';

/** SQLITE_CORRUPT and SQLITE_NOTADB: the lowest byte of an extended code. */
const damaged: ReadonlySet<number> = new Set([11, 26]);

interface Open {
  readonly database: GreylistDatabase;
  readonly path: string;
  readonly inode: number;
}

let open: Open | undefined;

parentPort?.on('message', (batch: GreylistBatch) => parentPort?.postMessage(reply(batch)));

function reply(batch: GreylistBatch): GreylistReply {
  try {
    return { results: carriedOut(batch) };
  } catch (error) {
    close();
    if (!isDamage(error)) return { results: textOf(error) };
    try {
      const aside = putAside(batch.path);
      const notice = `${batch.path} was damaged (${textOf(error)}) and is ${aside} now: greylisting begins anew`;
      return { results: carriedOut(batch), notice };
    } catch (again) {
      close();
      return { results: textOf(again) };
    }
  }
}

function carriedOut(batch: GreylistBatch): readonly GreylistResult[] {
  return opened(batch).carryOut(batch);
}

function opened({ path, busyMs }: GreylistBatch): GreylistDatabase {
  if (open !== undefined && open.path === path && open.inode === inodeOf(path)) return open.database;
  close();
  const database = new GreylistDatabase(path, busyMs);
  open = { database, path, inode: inodeOf(path) };
  return database;
}

/** -1 when there is no such file. */
function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
}

function close(): void {
  try {
    open?.database.close();
  } catch {
    // A database that cannot be closed in order is left to the system.
  }
  open = undefined;
}

function putAside(path: string): string {
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  for (const suffix of ['-wal', '-shm']) removeFile(`${path}${suffix}`);
  return aside;
}

function isDamage(error: unknown): boolean {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' && damaged.has(code & 0xff);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
