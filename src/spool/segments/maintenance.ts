// Maintenance of the store, in bounded steps: removes segments and large files that are not needed, moves the last messages
// out of old segments, compacts the journal. No file is removed that recovery could still need.

import { basename } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import { asideProblem, setAside } from './damaged-folder.ts';
import type { JournalWriter } from './journal-writer.ts';
import {
  indexPath,
  largePath,
  listSegments,
  newestOfSlots,
  segmentPath,
  type SegmentListing,
  type SpoolLayout,
} from './layout.ts';
import type { LiveSegment } from './live-segments.ts';
import type { QueueState } from './queue-state.ts';
import { queueIdSegment, segmentName, slotOf } from '../queue-id.ts';
import { recoverSegment, type RecoveryContext } from './recovery.ts';
import { Relocator } from './relocation.ts';
import { readSegment, readSegmentHeader } from './segment-scan.ts';
import { readIndexCount } from './segment-index.ts';
import { isDenied, systemCode, systemErrorText, writeError } from '../spool-error.ts';
import type { RecoveredMessage, SpoolProblem } from '../types.ts';

/** After this time a closed segment is searched for messages that no receiver has reported. */
const strayDelayMs = 30_000;
/** Approximate bytes that the journal needs for each message that is not done. */
const entryBytesPerMessage = 40;

export interface MaintenanceOptions {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly slot: number;
  readonly segmentBytes: number;
  readonly journalBytes: number;
  readonly relocateAfterMs: number;
  readonly onProblem: (problem: SpoolProblem) => void;
  readonly onStray: ((message: RecoveredMessage) => void) | undefined;
  /** Receives the messages of a segment that has vanished. */
  readonly onDamaged: (queueIds: readonly string[], why: string) => void;
  readonly state: QueueState;
  readonly journal: JournalWriter;
  readonly place: RecoveryContext;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #relocator: Relocator;
  /** Names of large files that belonged to no message at the start. */
  #orphans: string[] = [];
  /** Segments with waiting messages that were missing at the last step. */
  #absentSegments: ReadonlySet<number> = new Set();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#relocator = new Relocator({ ...options, report: options.onProblem });
  }

  setOrphans(names: string[]): void {
    this.#orphans = names.filter((name) => queueIdSegment(name) >= 0);
  }

  async step(nowMs: number): Promise<void> {
    const { layout, journal, journalBytes, state } = this.#options;
    try {
      await journal.retry();
      const listing = await this.#list();
      await this.#findClosed(listing, nowMs);
      this.#findVanished(listing);
      await this.#removeDead(listing, nowMs);
      await this.#relocator.step(nowMs);
      if (this.#orphans.length > 0) await this.#removeOrphans(listing);
      const needed = state.table.count * entryBytesPerMessage;
      if (journal.bytes > Math.max(journalBytes, 2 * needed)) await journal.renew();
      else if (journal.isRenewalDue) await journal.renew().catch(() => undefined); // waits for room
    } catch (error) {
      throw writeError(`tidying the spool in ${layout.directory}`, error);
    }
  }

  /** If the folder is missing, reports the messages of all segments as damaged before the step fails. */
  async #list(): Promise<SegmentListing> {
    const { files, layout } = this.#options;
    try {
      return await listSegments(files, layout);
    } catch (error) {
      if (systemCode(error) === 'SPOOL_FOLDER_MISSING') {
        this.#findVanished({ segments: [], indexed: new Set(), present: new Set() });
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#relocator.close();
  }

  /** Finds segments that get no more records, and ensures that all their records are known. */
  async #findClosed({ segments, indexed, present }: SegmentListing, nowMs: number): Promise<void> {
    const { files, layout, state } = this.#options;
    const newest = newestOfSlots(segments);
    for (const id of segments) {
      if (state.segments.wasRemoved(id)) {
        // Its writer has sealed it after its removal: the index is left over.
        if (!present.has(id)) await this.#unlink(indexPath(layout, id));
        continue;
      }
      const segment = state.segments.ensure(id);
      if (segment.complete) continue;
      if (!segment.closed && !indexed.has(id) && newest.get(segment.slot) === id) continue;
      segment.closed = true;
      if (indexed.has(id)) {
        const count = await readIndexCount(files, indexPath(layout, id), id).catch(nothingIfForeign);
        if (count === segment.records) {
          segment.complete = true;
          continue;
        }
      }
      // If the clock was ahead at that time and was set back since, the delay begins again.
      const { incompleteSinceMs: since } = segment;
      if (since === 0 || (since > nowMs && since !== Infinity)) segment.incompleteSinceMs = nowMs;
      if (nowMs - segment.incompleteSinceMs >= strayDelayMs) await this.#findStrays(segment);
    }
  }

  /** Finds segments that somebody has removed while Sluice runs, and reports their messages as damaged. */
  #findVanished({ present }: SegmentListing): void {
    const { state, onDamaged } = this.#options;
    const absent = new Set<number>();
    for (const segment of state.segments) {
      if (segment.liveMessages === 0 || present.has(segment.id)) continue;
      absent.add(segment.id);
      // A segment may be newer than the listing: only one that is also missing at the next step has vanished.
      if (!this.#absentSegments.has(segment.id)) continue;
      const queueIds: string[] = [];
      for (let row = segment.firstRow; row >= 0; row = state.table.next[row] ?? -1) {
        if (!state.isDamaged(row)) queueIds.push(state.queueIdAt(row));
      }
      if (queueIds.length > 0) onDamaged(queueIds, `segment ${segmentName(segment.id)} is gone`);
    }
    this.#absentSegments = absent;
  }

  /**
   * Searches a segment for messages that were acknowledged (250) and not reported, because their receiver died in between.
   * Without `onStray`, the segment is kept, so that the next recovery finds them.
   */
  async #findStrays(segment: LiveSegment): Promise<void> {
    const { onStray, place, state } = this.#options;
    // Search only once, because no record is added to a closed segment.
    segment.incompleteSinceMs = Infinity;
    if (onStray !== undefined) {
      for await (const batch of recoverSegment(place, segment.id, true))
        for (const message of batch) onStray(message);
      return;
    }
    const contents = await readSegment(place, segment.id);
    if (contents?.isForeign === true) return;
    segment.complete = contents?.records.every(({ head }) => state.knows(head)) === true;
  }

  async #removeDead({ segments, indexed }: SegmentListing, nowMs: number): Promise<void> {
    const { files, layout, state, journal } = this.#options;
    const newest = newestOfSlots(segments);
    const dead: LiveSegment[] = [];
    for (const segment of state.segments) {
      // The newest segment of a slot stays, because its name tells which ids were used.
      const dispensable = segment.id < (newest.get(segment.slot) ?? -1);
      if (segment.complete && segment.liveMessages === 0 && dispensable) dead.push(segment);
    }
    const large = state.finishedLarge;
    state.finishedLarge = [];
    if (dead.length === 0 && large.length === 0) return;
    let removed = 0;
    try {
      await journal.flush();
      for (const { queueId, isDamaged } of large) {
        await this.#discard(largePath(layout, queueId), isDamaged, nowMs);
        removed++;
      }
    } catch (error) {
      // The next step tries again.
      state.finishedLarge.push(...large.slice(removed));
      throw error;
    }
    for (const { id, isDamaged } of dead) {
      // The index goes first: an index without its segment means that the segment was lost.
      if (indexed.has(id)) await this.#discard(indexPath(layout, id), isDamaged, nowMs);
      await this.#discard(segmentPath(layout, id), isDamaged, nowMs);
    }
    if (dead.length === 0) return;
    // If a power cut brought a segment back, its messages would be delivered again without their outcomes. So the outcomes
    // are forgotten only after the removal is on stable storage.
    await files.syncDirectory(layout.segments);
    for (const segment of dead) state.removeSegment(segment);
  }

  /**
   * Removes large files without a record that a dead receiver has left. The receiver is dead if its slot has a newer
   * process; there is no record if all segments of the old process are completely known.
   */
  async #removeOrphans({ segments }: SegmentListing): Promise<void> {
    const { files, layout, state, onProblem } = this.#options;
    const newestSegments = newestOfSlots(segments);
    const epochs = new Map<number, number>();
    const left: string[] = [];
    for (const name of this.#orphans) {
      if (state.rowOf(name) >= 0) continue;
      const idSegment = queueIdSegment(name);
      const slot = slotOf(idSegment);
      let epoch = epochs.get(slot);
      if (epoch === undefined) {
        const newest = newestSegments.get(slot);
        const header = newest === undefined ? undefined : await readSegmentHeader(files, layout, newest);
        epoch = header?.epoch ?? -1;
        epochs.set(slot, epoch);
      }
      if (idSegment >= epoch || !this.#allKnown(slot, epoch)) {
        left.push(name);
        continue;
      }
      await this.#unlink(largePath(layout, name));
      onProblem({
        kind: 'orphan',
        place: name,
        text: 'removed a large message that was never received completely',
      });
    }
    this.#orphans = left;
  }

  #allKnown(slot: number, epoch: number): boolean {
    for (const segment of this.#options.state.segments) {
      if (segment.slot === slot && segment.id < epoch && !segment.complete) return false;
    }
    return true;
  }

  /** Removes a file; a damaged one is moved to `damaged`, so that people can examine it. */
  async #discard(path: string, isDamaged: boolean, nowMs: number): Promise<void> {
    if (!isDamaged) return this.#unlink(path);
    const { files, layout, onProblem } = this.#options;
    try {
      const aside = await setAside(files, layout, path, nowMs);
      if (aside !== undefined) onProblem(asideProblem(path, aside));
    } catch (error) {
      await this.#leave(path, error);
    }
  }

  async #unlink(path: string): Promise<void> {
    try {
      await this.#options.files.unlink(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') await this.#leave(path, error);
    }
  }

  /**
   * Reports a folder in the place of a file: only who has made it can remove it, and nothing else has to wait for that. It
   * has no records, so their outcomes may be forgotten. Every other failure is thrown.
   */
  async #leave(path: string, error: unknown): Promise<void> {
    const { files } = this.#options;
    const found = await files.open(path, 'r').catch(systemCode);
    if (typeof found === 'number') await files.close(found);
    if (found !== 'SPOOL_FOREIGN') throw error;
    const text = `${path} cannot be removed, and stays: ${systemErrorText(error)}`;
    this.#options.onProblem({ kind: 'aside', place: basename(path), text });
  }
}

function nothingIfForeign(error: unknown): undefined {
  if (systemCode(error) !== 'SPOOL_FOREIGN' && !isDenied(error)) throw error;
}
