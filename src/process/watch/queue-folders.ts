// The folders of queues beside the default one. Each is made once. Promises: a folder that was there and is gone is never made again, since
// its disk may not be mounted: mail would be written below the mount point, and hidden by the disk.

import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { makeFolder } from '../../io/make-folder.ts';
import { replaceFile } from '../../io/replace-file.ts';
import type { Logger } from '../../log/logger.ts';
import { isSpool } from '../../spool/open.ts';

/** In the spool: the folders of queues that were made, as JSON: a list of paths. */
export function madeQueuesFile(spool: string): string {
  return join(spool, 'queues.json');
}

/** Has each queue whose folder is there its store in it? */
export function areStoresMade({ spool, queues }: Pick<Config, 'spool' | 'queues'>): boolean {
  return isSpool(spool) && queues.every(({ path }) => !isFolder(path) || isSpool(path));
}

/**
 * Makes the folders that were never there. What is missing is told; its queue comes as soon as its folder is there.
 * @returns folders of queues that the configuration does not have any more
 */
export function makeQueueFolders(
  { spool, queues }: Pick<Config, 'spool' | 'queues'>,
  log: Pick<Logger, 'warn'>,
): readonly string[] {
  const file = madeQueuesFile(spool);
  const made = new Set(readMade(file));
  if (queues.length + made.size === 0) return [];
  for (const { name, path, stopped } of queues) {
    // The disk of a queue that is stopped may be away, or hang.
    if (stopped === true && made.has(path)) continue;
    const failure = isFolder(path) ? undefined : made.has(path) ? gone(path) : make(spool, path);
    if (failure === undefined) {
      made.add(path);
      continue;
    }
    log.warn(`The queue ${name} takes no mail, and its mail waits: ${failure}.`);
  }
  writeMade(file, made);
  const named = new Set(queues.map(({ path }) => path));
  return [...made].filter((path) => !named.has(path));
}

/** Remembers no more that there was a queue: a folder that is missing is made again. */
export function forgetQueueFolder(spool: string, path: string): void {
  const file = madeQueuesFile(spool);
  writeMade(file, new Set(readMade(file).filter((each) => each !== path)));
}

function writeMade(file: string, made: ReadonlySet<string>): void {
  replaceFile(file, Buffer.from(`${JSON.stringify([...made])}\n`), { mode: 0o600 });
}

function gone(path: string): string {
  return `its folder ${path} was there at an earlier start, and is gone`;
}

/** @returns why it cannot be made */
function make(spool: string, path: string): string | undefined {
  try {
    // The folder for all queues that name none is our own.
    if (dirname(path) === join(dirname(spool), 'queues')) makeFolder(dirname(path));
    mkdirSync(path, 0o700);
    return undefined;
  } catch (error) {
    return `its folder cannot be made: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A file that cannot be read counts as empty: then a missing folder is made. */
function readMade(file: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(read) ? read.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
