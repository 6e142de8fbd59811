// Makes a spool of a backup. Each file is compared with its sum while it is copied; the new spool is there as a whole or not at
// all. Mail that was delivered since the backup would be delivered again: so it can be held, and recipients left out of which
// it is known that they are done.

import { createHash } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fdatasync, readUpTo, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { largePath, spoolLayout } from '../segments/layout.ts';
import { dropWithoutRecord, recoverSegments } from '../segments/recovery.ts';
import type { QueueState } from '../segments/queue-state.ts';
import type { RecoveredMessage } from '../types.ts';
import { CopyError, writing } from './copy-error.ts';
import { type BackupFacts, factsName, readFacts, readSums } from './manifest.ts';
import type { Pace } from './pace.ts';
import { replayState, writeState } from './spool-state.ts';
import { Unfinished } from './unfinished.ts';

/** A recipient of which it is known that nothing must be sent to it any more. */
export interface FinishedRecipient {
  readonly queueId: string;
  readonly address: string;
}

export interface RestoreOptions {
  readonly files: FileLayer;
  /** The folder of the backup. */
  readonly backup: string;
  /** The folder of the spool; there must be none, or an empty folder. */
  readonly spool: string;
  /** Hold every message. */
  readonly isHeld: boolean;
  /** Recipients to leave out, from a log. */
  readonly finished?: AsyncIterable<FinishedRecipient> | undefined;
  readonly pace: Pace;
}

export interface RestoreResult {
  readonly facts: BackupFacts | undefined;
  readonly messages: number;
  readonly recipients: number;
  /** Recipients that were left out. */
  readonly leftOut: number;
}

const pieceBytes = 256 * 1024;

/**
 * Restores a backup.
 * @throws {CopyError} `BACKUP_INCOMPLETE`, `BACKUP_DAMAGED`, `COPY_EXISTS`, `COPY_FAILED`, `COPY_RUNNING`, `COPY_CANCELLED`
 */
export async function restoreSpool(options: RestoreOptions): Promise<RestoreResult> {
  const { files, backup, spool } = options;
  const sums = await readSums(files, backup);
  if (sums === undefined) throw incomplete(backup);
  const facts = await readFacts(files, backup);
  // An empty folder, such as one that a package has made, may be replaced.
  await rmdir(spool).catch(() => undefined);
  const unfinished = await Unfinished.begin(resolve(spool));
  try {
    for (const [path, sum] of sums) {
      if (path === factsName) continue;
      const target = join(unfinished.folder, path);
      await writing(spool, mkdir(dirname(target), { recursive: true, mode: 0o700 }));
      const found = await copyWithSum(options, join(backup, path), target);
      if (found !== sum) throw damaged(backup, path);
    }
    const layout = spoolLayout(unfinished.folder);
    for (const folder of [layout.segments, layout.large, layout.journal]) {
      await writing(spool, mkdir(folder, { recursive: true, mode: 0o700 }));
    }
    const result = await restoreState(options, unfinished.folder);
    for (const folder of [layout.segments, layout.large, layout.journal]) {
      await writing(spool, files.syncDirectory(folder));
    }
    await writing(spool, unfinished.complete());
    return { facts, ...result };
  } catch (error) {
    await unfinished.remove();
    throw error;
  }
}

async function copyWithSum(
  { files, pace, spool }: RestoreOptions,
  source: string,
  target: string,
): Promise<string | undefined> {
  const input = await files.open(source, 'r').catch(() => undefined);
  if (input === undefined) return undefined;
  const hash = createHash('sha256');
  try {
    const output = await writing(spool, files.open(target, 'wx'));
    try {
      const buffer = Buffer.allocUnsafe(pieceBytes);
      for (let at = 0; ;) {
        const got = await readUpTo(files, input, buffer, buffer.length, at);
        if (got === 0) break;
        const piece = buffer.subarray(0, got);
        hash.update(piece);
        await writing(spool, writeAll(files, output, [piece], at));
        at += got;
        await pace.took(got);
      }
      await writing(spool, fdatasync(files, output));
    } finally {
      await files.close(output);
    }
  } finally {
    await files.close(input);
  }
  return hash.digest('hex');
}

async function restoreState(
  { files, finished, isHeld, spool }: RestoreOptions,
  folder: string,
): Promise<Omit<RestoreResult, 'facts'>> {
  const layout = spoolLayout(folder);
  const { state, isInDoubt, highestJournal } = await replayState(files, layout, () => undefined);
  const waiting = new Map<string, RecoveredMessage['waiting']>();
  const place = { files, layout, store: 0, state, report: () => undefined, sync: false, isInDoubt };
  for await (const batch of recoverSegments(place)) {
    for (const message of batch) {
      waiting.set(message.queueId, message.waiting);
      if (isHeld) state.holds.setHeld(state.rowOf(message.queueId), true);
    }
  }
  dropWithoutRecord(state);
  const leftOut = finished === undefined ? 0 : await leaveOut(state, waiting, finished);
  let recipients = -leftOut;
  for (const each of waiting.values()) recipients += each.length;
  await writing(spool, writeState(files, layout, state, highestJournal));
  for (const { queueId } of state.finishedLarge) {
    await files.unlink(largePath(layout, queueId)).catch(() => undefined); // the backup may not have it
  }
  const messages = [...waiting.keys()].filter((queueId) => state.rowOf(queueId) >= 0).length;
  return { messages, recipients, leftOut };
}

/** Marks recipients as done. @returns how many of them waited */
async function leaveOut(
  state: QueueState,
  waiting: ReadonlyMap<string, RecoveredMessage['waiting']>,
  finished: AsyncIterable<FinishedRecipient>,
): Promise<number> {
  const done = new Set<string>();
  for await (const { queueId, address } of finished) {
    const row = state.rowOf(queueId);
    if (row < 0) continue;
    for (const recipient of waiting.get(queueId) ?? []) {
      const key = `${queueId} ${recipient.index}`;
      if (recipient.address !== address || done.has(key)) continue;
      done.add(key);
      state.setRecipientDone(row, recipient.index);
      // A message may name a recipient twice; a line of the log is about one of them.
      break;
    }
  }
  return done.size;
}

function incomplete(folder: string): CopyError {
  return new CopyError(
    'BACKUP_INCOMPLETE',
    `${folder} is no complete backup: it has no list of its files.`,
    'Name a folder that "sluice spool backup" has made.',
  );
}

function damaged(folder: string, path: string): CopyError {
  return new CopyError(
    'BACKUP_DAMAGED',
    `${join(folder, path)} is missing, or is not as it was written: nothing was restored.`,
    `"sluice spool check ${folder}" lists all such files. Take another backup, or read what is whole of this one: "sluice spool rescue --from".`,
  );
}
