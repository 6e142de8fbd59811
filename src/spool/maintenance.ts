// The store's tidying up, one bounded step at a time: dead segments and finished large files are unlinked, stragglers
// moved, the journal compacted. Nothing is unlinked that recovery could still want.

import type { FileLayer } from './file-layer.ts';
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
import { queueIdSegment, segmentName, slotOf } from './queue-id.ts';
import { recoverSegment, type RecoveryPlace } from './recovery.ts';
import { Relocator } from './relocation.ts';
import { readSegment, readSegmentHeader } from './segment-scan.ts';
import { readIndexCount } from './segment-index.ts';
import { systemCode, writeError } from './spool-error.ts';
import type { RecoveredMessage, SpoolProblem } from './types.ts';

/** A report of a message may be this late before its segment is searched for messages that were never reported. */
const strayMs = 30_000;
/** Entries that the state needs in the journal, roughly, for each message not done. */
const entryBytes = 40;

export interface MaintenanceOptions {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly slot: number;
  readonly segmentBytes: number;
  readonly journalBytes: number;
  readonly relocateAfterMs: number;
  readonly onProblem: (problem: SpoolProblem) => void;
  readonly onStray: ((message: RecoveredMessage) => void) | undefined;
  /** Messages whose segment is found to be gone. */
  readonly onDamaged: (queueIds: readonly string[], why: string) => void;
  readonly state: QueueState;
  readonly journal: JournalWriter;
  readonly place: RecoveryPlace;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #relocator: Relocator;
  /** Large files found at the start that no message claimed. */
  #orphans: string[] = [];
  /** Segments with messages that were not there at the last step. */
  #absent: ReadonlySet<number> = new Set();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#relocator = new Relocator({ ...options, report: options.onProblem });
  }

  orphans(names: string[]): void {
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
      const needed = state.table.count * entryBytes;
      if (journal.bytes > Math.max(journalBytes, 2 * needed)) await journal.renew();
      else if (journal.renewalDue) await journal.renew().catch(() => undefined); // waits for room
    } catch (error) {
      throw writeError(`tidying the spool in ${layout.directory}`, error);
    }
  }

  /** Without their folder all segments have vanished: that is said of their messages before the step fails. */
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

  /** Finds segments that get no more records, and makes sure that all their records are known of. */
  async #findClosed({ segments, indexed, present }: SegmentListing, nowMs: number): Promise<void> {
    const { files, layout, state } = this.#options;
    const newest = newestOfSlots(segments);
    for (const id of segments) {
      if (state.segments.wasRemoved(id)) {
        // Its writer has closed it only now.
        if (!present.has(id)) await this.#unlink(indexPath(layout, id));
        continue;
      }
      const segment = state.segments.ensure(id);
      if (segment.complete) continue;
      if (!segment.closed && !indexed.has(id) && newest.get(segment.slot) === id) continue;
      segment.closed = true;
      if (indexed.has(id)) {
        const count = await readIndexCount(files, indexPath(layout, id), id);
        if (count === segment.records) {
          segment.complete = true;
          continue;
        }
      }
      // After a clock that was ahead the half minute begins again.
      const { incompleteSinceMs: since } = segment;
      if (since === 0 || (since > nowMs && since !== Infinity)) segment.incompleteSinceMs = nowMs;
      if (nowMs - segment.incompleteSinceMs >= strayMs) await this.#findStrays(segment);
    }
  }

  /** Segments that somebody has removed under a running Sluice: their messages are known, and cannot be delivered. */
  #findVanished({ present }: SegmentListing): void {
    const { state, onDamaged } = this.#options;
    const absent = new Set<number>();
    for (const segment of state.segments) {
      if (segment.live === 0 || present.has(segment.id)) continue;
      absent.add(segment.id);
      // One that is new may have come after the listing; by the next step it has not.
      if (!this.#absent.has(segment.id)) continue;
      const queueIds: string[] = [];
      for (let row = segment.first; row >= 0; row = state.table.next[row] ?? -1) {
        if (!state.isDamaged(row)) queueIds.push(state.queueIdAt(row));
      }
      if (queueIds.length > 0) onDamaged(queueIds, `segment ${segmentName(segment.id)} is gone`);
    }
    this.#absent = absent;
  }

  /**
   * A receiver died between its 250 and its report, or a segment has no index: what nobody has told of is in the
   * queue all the same. Without anyone to tell, its segment stays for the next recovery.
   */
  async #findStrays(segment: LiveSegment): Promise<void> {
    const { onStray, place, state } = this.#options;
    // Once is enough: nothing is added to a closed segment.
    segment.incompleteSinceMs = Infinity;
    if (onStray !== undefined) {
      for await (const batch of recoverSegment(place, segment.id, true))
        for (const message of batch) onStray(message);
      return;
    }
    const contents = await readSegment(place, segment.id);
    segment.complete = contents?.records.every(({ head }) => state.knows(head)) === true;
  }

  async #removeDead({ segments, indexed }: SegmentListing, nowMs: number): Promise<void> {
    const { files, layout, state, journal } = this.#options;
    const newest = newestOfSlots(segments);
    const dead: LiveSegment[] = [];
    for (const segment of state.segments) {
      // The newest of a slot stays: its name says which ids were used.
      const dispensable = segment.id < (newest.get(segment.slot) ?? -1);
      if (segment.complete && segment.live === 0 && dispensable) dead.push(segment);
    }
    const large = state.finishedLarge;
    state.finishedLarge = [];
    if (dead.length === 0 && large.length === 0) return;
    try {
      await journal.flush();
    } catch (error) {
      state.finishedLarge.push(...large);
      throw error;
    }
    for (const { queueId, isDamaged } of large) {
      await this.#discard(largePath(layout, queueId), isDamaged, nowMs);
    }
    for (const { id, isDamaged } of dead) {
      // The index first: one without its segment means that the segment vanished.
      if (indexed.has(id)) await this.#discard(indexPath(layout, id), isDamaged, nowMs);
      await this.#discard(segmentPath(layout, id), isDamaged, nowMs);
    }
    if (dead.length === 0) return;
    // A segment that a power cut brings back must find its outcomes in the journal: they go after the file is gone.
    await files.syncDirectory(layout.segments);
    for (const segment of dead) state.segmentRemoved(segment);
  }

  /**
   * A large file without a record was being written when its receiver died, if the receiver's slot has a newer
   * process and nothing of the old one is left unread.
   */
  async #removeOrphans({ segments }: SegmentListing): Promise<void> {
    const { files, layout, state, onProblem } = this.#options;
    const newestSegments = newestOfSlots(segments);
    const epochs = new Map<number, number>();
    const left: string[] = [];
    for (const name of this.#orphans) {
      if (state.rowOf(name) >= 0) continue;
      const made = queueIdSegment(name);
      const slot = slotOf(made);
      let epoch = epochs.get(slot);
      if (epoch === undefined) {
        const newest = newestSegments.get(slot);
        const header = newest === undefined ? undefined : await readSegmentHeader(files, layout, newest);
        epoch = header?.epoch ?? -1;
        epochs.set(slot, epoch);
      }
      if (made >= epoch || !this.#allKnown(slot, epoch)) {
        left.push(name);
        continue;
      }
      await this.#unlink(largePath(layout, name));
      onProblem({ kind: 'orphan', place: name, text: 'a large message that was never complete was removed' });
    }
    this.#orphans = left;
  }

  #allKnown(slot: number, epoch: number): boolean {
    for (const segment of this.#options.state.segments) {
      if (segment.slot === slot && segment.id < epoch && !segment.complete) return false;
    }
    return true;
  }

  /** What is damaged is kept for people to look at. */
  async #discard(path: string, isDamaged: boolean, nowMs: number): Promise<void> {
    if (!isDamaged) return this.#unlink(path);
    const { files, layout, onProblem } = this.#options;
    const aside = await setAside(files, layout, path, nowMs);
    if (aside !== undefined) onProblem(asideProblem(path, aside));
  }

  async #unlink(path: string): Promise<void> {
    try {
      await this.#options.files.unlink(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}
