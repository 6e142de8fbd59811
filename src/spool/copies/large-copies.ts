// Copies the files of large messages. A file that is copied while its message still arrives is copied again once its record is
// there; one that has vanished belonged to a message that is done, which the journal tells.

import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { isQueueId } from '../queue-id.ts';
import { largePath, listSegments, readFolder, segmentPath, type SpoolLayout } from '../segments/layout.ts';
import type { QueueState } from '../segments/queue-state.ts';
import { headQueueId, isLargeLength, type RecordHead } from '../segments/record.ts';
import { readSegment } from '../segments/segment-scan.ts';
import { systemCode } from '../spool-error.ts';
import { type CopyPlace, copyFile, sizeOf } from './copied-file.ts';
import type { EarlierBackup } from './segment-copies.ts';
import { replayState } from './spool-state.ts';

export class LargeCopies {
  /** SHA-256 by path in the copy. */
  readonly sums = new Map<string, string>();
  linkedBytes = 0;
  readonly #place: CopyPlace;
  readonly #source: SpoolLayout;
  readonly #target: SpoolLayout;
  readonly #earlier: EarlierBackup | undefined;
  /** Bytes by queue id. */
  readonly #copied = new Map<string, number>();

  constructor(
    place: CopyPlace,
    source: SpoolLayout,
    target: SpoolLayout,
    earlier: EarlierBackup | undefined,
  ) {
    this.#place = place;
    this.#source = source;
    this.#target = target;
    this.#earlier = earlier;
  }

  /** Copies the files that are new since the last pass. */
  async pass(): Promise<void> {
    for (const queueId of await readFolder(this.#place.files, this.#source.large)) {
      if (isQueueId(queueId) && !this.#copied.has(queueId)) await this.#copy(queueId);
    }
  }

  /** @returns false when there is no such file any more */
  async #copy(queueId: string): Promise<boolean> {
    const target = largePath(this.#target, queueId);
    if (await this.#linked(queueId)) return true;
    try {
      const { bytes, sum } = await copyFile(this.#place, largePath(this.#source, queueId), target);
      this.#copied.set(queueId, bytes);
      if (sum !== undefined) this.sums.set(`large/${queueId}`, sum);
      return true;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return false;
    }
  }

  /** A backup has large files of stored messages only, and these never change. */
  async #linked(queueId: string): Promise<boolean> {
    const path = `large/${queueId}`;
    const sum = this.#earlier?.sums.get(path);
    if (this.#earlier === undefined || sum === undefined || this.#copied.has(queueId)) return false;
    const { files } = this.#place;
    const size = await sizeOf(files, largePath(this.#source, queueId));
    const earlier = join(this.#earlier.folder, path);
    if (size === undefined || size !== (await sizeOf(files, earlier))) return false;
    try {
      await link(earlier, largePath(this.#target, queueId));
    } catch {
      return false; // on another disk, or one without links: it is copied
    }
    this.#copied.set(queueId, size);
    this.sums.set(path, sum);
    this.linkedBytes += size;
    return true;
  }

  /** Copies what the records of the copied segments lack, and marks messages as done that were finished meanwhile. */
  async complete(state: QueueState): Promise<void> {
    const { files } = this.#place;
    const gone: { readonly segment: number; readonly head: RecordHead }[] = [];
    for (const segment of (await listSegments(files, this.#target)).segments) {
      const place = { files, layout: this.#target, report: () => undefined, sync: false };
      for (const { head } of (await readSegment(place, segment))?.records ?? []) {
        if (!isLargeLength(head.length) || state.isDone(head)) continue;
        const queueId = headQueueId(head);
        if (this.#copied.get(queueId) === head.sizeBytes - head.contentLength) continue;
        if (!(await this.#copy(queueId))) gone.push({ segment, head });
      }
    }
    if (gone.length === 0) return;
    const { state: now } = await replayState(files, this.#source, () => undefined);
    for (const { segment, head } of gone) {
      const isFinished =
        now.isDone(head) || (await sizeOf(files, segmentPath(this.#source, segment))) === undefined;
      if (isFinished) state.replayDone(head.idSegment, head.counter, 1);
    }
  }

  /** Removes the copies of files that no waiting message needs. */
  async keep(isNeeded: (queueId: string) => boolean): Promise<void> {
    for (const queueId of this.#copied.keys()) {
      if (isNeeded(queueId)) continue;
      await this.#place.files.unlink(largePath(this.#target, queueId)).catch(() => undefined); // it may never have been made
      this.sums.delete(`large/${queueId}`);
      this.#copied.delete(queueId);
    }
  }
}
