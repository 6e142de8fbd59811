// Copies the segments of a spool whose Sluice may run. Segments only grow, are sealed with an index and are removed whole, so a
// pass copies what is new since the last one. A message may be moved from one segment to a newer one meanwhile: when a segment
// has vanished before it was copied, another pass finds what was moved out of it.

import { link } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readWhole } from '../file-io.ts';
import { indexPath, listSegments, segmentPath, type SpoolLayout } from '../segments/layout.ts';
import { readIndex } from '../segments/segment-index.ts';
import { systemCode } from '../spool-error.ts';
import { type CopyPlace, copyFile, sizeOf } from './copied-file.ts';
import { writing } from './copy-error.ts';

/** An earlier backup, whose equal files are linked instead of copied. */
export interface EarlierBackup {
  readonly folder: string;
  readonly sums: ReadonlyMap<string, string>;
}

interface Copied {
  readonly bytes: number;
  /** It has an index, so it does not grow any more. */
  readonly isSealed: boolean;
}

/** The result of a pass. */
export interface Pass {
  readonly bytes: number;
  /** A segment has vanished before all of it was copied. */
  readonly hasLost: boolean;
}

/** Smaller files are copied: a link would save nothing. */
const leastLinkedBytes = 4096;

export class SegmentCopies {
  /** SHA-256 of files that were copied in one go or linked, by their path in the copy. */
  readonly sums = new Map<string, string>();
  linkedBytes = 0;
  readonly #place: CopyPlace;
  readonly #source: SpoolLayout;
  readonly #target: SpoolLayout;
  readonly #earlier: EarlierBackup | undefined;
  readonly #copied = new Map<number, Copied>();

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

  /** The segments of which there is a copy. */
  get ids(): readonly number[] {
    return [...this.#copied.keys()].toSorted((a, b) => a - b);
  }

  /** True when the source had sealed the segment. */
  isSealed(id: number): boolean {
    return this.#copied.get(id)?.isSealed === true;
  }

  /** Copies what is new. */
  async pass(): Promise<Pass> {
    const { segments } = await listSegments(this.#place.files, this.#source);
    let bytes = 0;
    let hasLost = false;
    for (const id of segments) {
      const before = this.#copied.get(id);
      if (before?.isSealed === true) continue;
      try {
        bytes += await this.#copy(id, before);
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
        hasLost = true;
      }
    }
    return { bytes, hasLost };
  }

  /** Copies one segment, or what is new of it. @returns bytes copied */
  async #copy(id: number, before: Copied | undefined): Promise<number> {
    const { files, folder } = this.#place;
    const target = segmentPath(this.#target, id);
    // The index is written when the segment is complete. If it is there before the segment is read, nothing follows.
    const isSealed = await this.#copyIndex(id);
    if (before === undefined && isSealed && (await this.#linked(id))) return 0;
    const source = segmentPath(this.#source, id);
    const size = await sizeOf(files, source);
    let from = before?.bytes ?? 0;
    // A commit that failed was cut off again.
    if (size !== undefined && size < from) from = 0;
    if (size !== undefined && before !== undefined && size === from && !isSealed) return 0;
    let copied;
    try {
      copied = await copyFile(this.#place, source, target, from);
    } catch (error) {
      // Sluice removes the index first. If it is still there, the segment was lost, and the index names what it held.
      if (systemCode(error) === 'ENOENT' && isSealed && (await this.#isIndexThere(id))) {
        this.#copied.set(id, { bytes: 0, isSealed });
        return 0;
      }
      if (isSealed) await writing(folder, files.unlink(indexPath(this.#target, id)));
      throw error;
    }
    this.sums.delete(pathIn(target));
    if (copied.sum !== undefined) this.sums.set(pathIn(target), copied.sum);
    this.#copied.set(id, { bytes: copied.bytes, isSealed });
    return copied.bytes - from;
  }

  /** @returns false when there is no index, or one that is not whole, e.g. because it is being written */
  async #copyIndex(id: number): Promise<boolean> {
    const { files, folder } = this.#place;
    const target = indexPath(this.#target, id);
    let sum: string | undefined;
    try {
      ({ sum } = await copyFile(this.#place, indexPath(this.#source, id), target));
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return false;
    }
    const { isWhole } = await readIndex(files, target, id);
    if (isWhole && sum !== undefined) this.sums.set(pathIn(target), sum);
    else await writing(folder, files.unlink(target));
    return isWhole;
  }

  async #isIndexThere(id: number): Promise<boolean> {
    return (await sizeOf(this.#place.files, indexPath(this.#source, id))) !== undefined;
  }

  /** Links the segment of the earlier backup, if that one has an equal index: the index has a checksum of each record. */
  async #linked(id: number): Promise<boolean> {
    const { files } = this.#place;
    const index = indexPath(this.#target, id);
    const target = segmentPath(this.#target, id);
    const [ofIndex, ofSegment] = [pathIn(index), pathIn(target)];
    const sum = this.#earlier?.sums.get(ofSegment);
    if (this.#earlier === undefined || sum === undefined || !this.#earlier.sums.has(ofIndex)) return false;
    const size = await sizeOf(files, segmentPath(this.#source, id));
    const earlier = join(this.#earlier.folder, ofSegment);
    if (size === undefined || size < leastLinkedBytes || size !== (await sizeOf(files, earlier)))
      return false;
    const own = await readWhole(files, index);
    const other = await readWhole(files, join(this.#earlier.folder, ofIndex)).catch(() => undefined);
    if (other === undefined || !own.equals(other)) return false;
    try {
      await link(earlier, target);
    } catch {
      return false; // on another disk, or one without links: it is copied
    }
    this.sums.set(ofSegment, sum);
    this.#copied.set(id, { bytes: size, isSealed: true });
    this.linkedBytes += size;
    return true;
  }

  /** Removes the copy of a segment and its index. */
  async remove(id: number): Promise<void> {
    const { files } = this.#place;
    for (const path of [indexPath(this.#target, id), segmentPath(this.#target, id)]) {
      this.sums.delete(pathIn(path));
      await files.unlink(path).catch(() => undefined); // there may be no index
    }
    this.#copied.delete(id);
  }
}

/** The path of a file of the folder `segments` in the copy. */
function pathIn(path: string): string {
  return `segments/${basename(path)}`;
}
