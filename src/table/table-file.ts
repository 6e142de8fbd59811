// Finds and opens the file of a table, and tells whether it is still the one that was read.

import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Contents, TableKind } from './contents.ts';
import { TableError } from './table-error.ts';

/** Identifies one version of a file's content. */
export type FileVersion = string;

/** The file as it is now. */
export interface FoundFile {
  readonly path: string;
  readonly version: FileVersion;
  /** Differs when anything of the file has changed, also who may read it. */
  readonly state: string;
  readonly sizeBytes: number;
  /** Unix ms of the last change. */
  readonly changedMs: number;
}

/** @throws {TableError} `TABLE_UNREADABLE` when it is not a file, {Error} of the system when it cannot be found */
export async function findFile(path: string, kind: TableKind): Promise<FoundFile> {
  const stats = await stat(path, { bigint: true });
  // Opening a named pipe would wait for its writer, and hold one of the few threads that write the spool, too.
  if (!stats.isFile())
    throw new TableError('TABLE_UNREADABLE', stats.isDirectory() ? 'it is a folder' : 'it is not a file');
  return {
    path,
    version: versionOf(stats, kind),
    state: stateOf(stats),
    sizeBytes: Number(stats.size),
    changedMs: Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs)),
  };
}

/**
 * Reads the contents of a file that was found.
 * @returns undefined when the file has changed since
 * @throws {TableError} when the file does not hold a table of this kind, {Error} of the system when it cannot be read
 */
export async function openFound(found: FoundFile, kind: TableKind): Promise<Contents | undefined> {
  const { path, version, sizeBytes } = found;
  const handle = await open(path, 'r');
  if (versionOf(await handle.stat({ bigint: true }), kind) !== version) {
    await handle.close();
    return undefined;
  }
  const contents = await kind.open({ path, handle, sizeBytes });
  const after = await findFile(path, kind).catch(() => undefined);
  if (after?.version === version) return contents;
  await contents.close();
  return undefined;
}

function versionOf(stats: BigIntStats, kind: TableKind): FileVersion {
  return kind.seesWrites ? `${stats.dev}:${stats.ino}` : stateOf(stats);
}

/** The file's place on the disk; of its content, size and times in nanoseconds. A copy may keep its mtime, but not its ctime. */
function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
