// A backup of a spool whose Sluice may run: a folder that is a spool itself, with a manifest. Promises:
//
// 1. It has every message that waited at the time `consistentAtMs` and was not finished before the backup ended, with its
//    outcomes up to that time. Messages that came later may be in it, too.
// 2. It is complete or not there: it is written under another name and renamed when all of it is on stable storage.
// 3. The source is only read.
//
// How: segments are copied first, in passes, while mail comes and goes. Then the journal is read: that is the time of the
// backup. Segments that have vanished by then were done, or moved to another segment before; a last pass copies what the
// segments have got since, so nothing that the journal knows to wait is missing. What the journal said at that time is written
// as a new journal for the mail that was copied.

import { mkdir, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import { checkFormat, formatVersion } from '../segments/directory.ts';
import {
  formatPath,
  indexPath,
  listSegments,
  newestOfSlots,
  spoolLayout,
  type SpoolLayout,
} from '../segments/layout.ts';
import type { QueueState } from '../segments/queue-state.ts';
import { dropWithoutRecord, recoverSegments, type RecoveryContext } from '../segments/recovery.ts';
import { segmentName, slotOf } from '../queue-id.ts';
import { SpoolError, systemCode } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';
import { type CopyPlace, copyFile, sumOf } from './copied-file.ts';
import { CopyError, writing } from './copy-error.ts';
import { LargeCopies } from './large-copies.ts';
import { type BackupFacts, factsName, readSums, sumsName, sumsText, writeText } from './manifest.ts';
import type { Pace } from './pace.ts';
import { emptyCopy, sealCopy } from './seal-copy.ts';
import { type EarlierBackup, SegmentCopies } from './segment-copies.ts';
import { replayState, writeState } from './spool-state.ts';
import { markName, Unfinished } from './unfinished.ts';

export interface BackupOptions {
  readonly files: FileLayer;
  readonly spool: string;
  /** The folder of the backup; there must be nothing of this name. */
  readonly target: string;
  /** An earlier backup, whose equal files are linked instead of copied. */
  readonly earlier?: string | undefined;
  readonly pace: Pace;
  readonly now: () => number;
  readonly facts: Pick<BackupFacts, 'sluice' | 'hostname'>;
}

export interface BackupResult {
  readonly facts: BackupFacts;
  /** Bytes of the backup that are those of the earlier one. */
  readonly linkedBytes: number;
  /** Damage of the source that was found; the backup has it, too. */
  readonly problems: readonly SpoolProblem[];
}

/** A pass that has copied less is the last one before the journal is read. */
const smallPassBytes = 16 * 1024 * 1024;
/** More passes follow each other only when segments vanish. */
const mostCatchUpPasses = 5;
/** Files of the instance beside the mail; far larger ones are not ours. What greylisting knows is learned again. */
const notState =
  /^(?:format|holds)(?:\.|$)|^greylist\.sqlite|^probe\.|\.new$|\.unreadable-|^SHA256SUMS$|^backup\.json$/;

/**
 * Makes a backup.
 * @throws {CopyError} `COPY_EXISTS`, `COPY_FAILED`, `COPY_RUNNING`, `COPY_CANCELLED`, `BACKUP_INCOMPLETE` of the earlier one
 * @throws {SpoolError} when the source cannot be read
 */
export async function backupSpool(options: BackupOptions): Promise<BackupResult> {
  const { files, spool, now } = options;
  const source = spoolLayout(spool);
  if ((await checkFormat(files, source)) === 'absent') {
    throw new SpoolError('SPOOL_FORMAT', `there is no spool in ${spool}`, {
      advice: 'Name its configuration with --config.',
    });
  }
  const earlier = await earlierBackup(files, options.earlier);
  const unfinished = await Unfinished.begin(resolve(options.target));
  try {
    return await new Backup(options, source, unfinished, earlier, now()).make();
  } catch (error) {
    await unfinished.remove();
    throw error;
  }
}

async function earlierBackup(
  files: FileLayer,
  folder: string | undefined,
): Promise<EarlierBackup | undefined> {
  if (folder === undefined) return undefined;
  const sums = await readSums(files, folder);
  if (sums !== undefined) return { folder, sums };
  throw new CopyError(
    'BACKUP_INCOMPLETE',
    `${folder} is no complete backup: it has no file ${sumsName}.`,
    'Name a folder that "sluice spool backup" has made, or leave the option out.',
  );
}

class Backup {
  readonly #options: BackupOptions;
  readonly #source: SpoolLayout;
  readonly #target: SpoolLayout;
  readonly #unfinished: Unfinished;
  readonly #place: CopyPlace;
  readonly #segments: SegmentCopies;
  readonly #large: LargeCopies;
  readonly #beganAtMs: number;

  constructor(
    options: BackupOptions,
    source: SpoolLayout,
    unfinished: Unfinished,
    earlier: EarlierBackup | undefined,
    beganAtMs: number,
  ) {
    const { files, pace } = options;
    this.#options = options;
    this.#source = source;
    this.#unfinished = unfinished;
    this.#target = spoolLayout(unfinished.folder);
    this.#place = { files, pace, folder: unfinished.target };
    this.#segments = new SegmentCopies(this.#place, source, this.#target, earlier);
    this.#large = new LargeCopies(this.#place, source, this.#target, earlier);
    this.#beganAtMs = beganAtMs;
  }

  async make(): Promise<BackupResult> {
    const { files, now } = this.#options;
    const { folder } = this.#place;
    const target = this.#target;
    for (const each of [target.segments, target.large, target.journal]) {
      await writing(folder, mkdir(each, { mode: 0o700 }));
    }
    for (let passes = 0; passes < mostCatchUpPasses; passes++) {
      const { bytes } = await this.#segments.pass();
      await this.#large.pass();
      if (passes > 0 && bytes < smallPassBytes) break;
    }
    const problems: SpoolProblem[] = [];
    const report = (problem: SpoolProblem): void => void problems.push(problem);
    const consistentAtMs = now();
    const replayed = await replayState(files, this.#source, report);
    await this.#dropVanished();
    while ((await this.#segments.pass()).hasLost);
    await this.#seal();
    const { state, isInDoubt, highestJournal } = replayed;
    const place: RecoveryContext = {
      files,
      layout: target,
      store: 0,
      state,
      report,
      sync: false,
      isInDoubt,
    };
    await this.#large.complete(state);
    let messages = 0;
    let recipients = 0;
    for await (const batch of recoverSegments(place)) {
      messages += batch.length;
      for (const message of batch) recipients += message.waiting.length;
    }
    // The journal knows messages that came after the last pass: they are not in this backup.
    dropWithoutRecord(state);
    await this.#dropDone(state);
    await this.#large.keep((queueId) => state.rowOf(queueId) >= 0);
    await writing(folder, writeState(files, target, state, highestJournal));
    await this.#copyState();
    const facts: BackupFacts = {
      format: 1,
      ...this.#options.facts,
      spool: this.#options.spool,
      beganAtMs: this.#beganAtMs,
      consistentAtMs,
      endedAtMs: now(),
      messages,
      recipients,
    };
    await writing(folder, this.#finish(facts));
    return { facts, linkedBytes: this.#segments.linkedBytes + this.#large.linkedBytes, problems };
  }
  /**
   * Removes the copies of segments that Sluice has removed: their messages were done when the journal was read, and that they
   * were may be forgotten by now; or they were moved to other segments, which the next pass copies.
   */
  async #dropVanished(): Promise<void> {
    const { segments } = await listSegments(this.#place.files, this.#source);
    const present = new Set(segments);
    for (const id of this.#segments.ids) if (!present.has(id)) await this.#segments.remove(id);
  }

  async #seal(): Promise<void> {
    const { files, folder } = this.#place;
    for (const id of this.#segments.ids) {
      if (this.#segments.isSealed(id)) continue;
      this.#segments.sums.delete(`segments/${segmentName(id)}`);
      if (await writing(folder, sealCopy(files, this.#target, id))) continue;
      // Both may be damaged: each has what the other one lacks.
      await copyFile(this.#place, indexPath(this.#source, id), indexPath(this.#target, id)).catch(noSuchFile);
    }
  }

  /** Removes segments in which nothing waits: nobody needs the contents of mail that was delivered. */
  async #dropDone(state: QueueState): Promise<void> {
    const { files, folder } = this.#place;
    const newest = newestOfSlots(this.#segments.ids);
    for (const segment of Array.from(state.segments)) {
      const { id, liveMessages, isDamaged } = segment;
      if (liveMessages > 0 || isDamaged) continue;
      if (newest.get(slotOf(id)) === id) {
        await writing(folder, emptyCopy(files, this.#target, id));
        this.#segments.sums.delete(`segments/${segmentName(id)}`);
        this.#segments.sums.delete(`segments/${segmentName(id)}.index`);
      } else await this.#segments.remove(id);
      state.removeSegment(segment);
    }
  }

  /** Copies what the instance keeps beside the mail: overrides, counts, what it has learned of hosts. */
  async #copyState(): Promise<void> {
    const { directory } = this.#source;
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isFile() || notState.test(entry.name)) continue;
      const [from, to] = [join(directory, entry.name), join(this.#target.directory, entry.name)];
      await copyFile(this.#place, from, to).catch(noSuchFile);
    }
  }

  async #finish(facts: BackupFacts): Promise<void> {
    const { files } = this.#options;
    const { directory, segments, large, journal } = this.#target;
    await writeText(files, formatPath(this.#target), `sluice-spool ${formatVersion}\n`);
    await writeText(files, join(directory, factsName), `${JSON.stringify(facts, undefined, 2)}\n`);
    const known = new Map([...this.#segments.sums, ...this.#large.sums]);
    const sums = new Map<string, string>();
    for (const folder of [directory, segments, large, journal]) {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (!entry.isFile() || entry.name === markName) continue;
        const path = relative(directory, join(folder, entry.name));
        sums.set(path, known.get(path) ?? (await sumOf(files, join(directory, path))));
      }
      await files.syncDirectory(folder);
    }
    await writeText(files, join(directory, sumsName), sumsText(sums));
    await this.#unfinished.complete();
  }
}

/** What was removed meanwhile is not needed. */
function noSuchFile(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}
