// Rescues the mail of a damaged spool: every message that can still be read as it was written goes into a new spool; of others,
// what can be read goes to files for people. Promises:
//
// 1. The source is only read.
// 2. A message is in the new spool only if head, envelope and content are as they were written, by their checksums, and if it
//    is certain that Sluice wrote it: a record inside a message, which a sender has made, is never taken for one.
// 3. Whatever is not damaged is found, wherever its block is now.
// 4. Each damaged range is told, and which messages it concerns, as far as anything tells it.
// 5. If it is uncertain what became of recipients, or what was held, everything is held.

import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import { largePath, spoolLayout, type SpoolLayout } from '../segments/layout.ts';
import { QueueState } from '../segments/queue-state.ts';
import { headQueueId, isLargeLength, type RecordHead } from '../segments/record.ts';
import { recoverSegments } from '../segments/recovery.ts';
import type { FoundRecord, IndexContents } from '../segments/segment-index.ts';
import { maxSegmentBytes } from '../segments/segment-walk.ts';
import { slotOf } from '../queue-id.ts';
import { writing } from './copy-error.ts';
import { concernedBy, IncompleteMail } from './incomplete-mail.ts';
import type { Pace } from './pace.ts';
import type { RescueFinding } from './rescue-report.ts';
import { RescueSources, type Source } from './rescue-sources.ts';
import { RescuedSpool } from './rescued-spool.ts';
import { contentCrc, isContentWhole, type LostRange, SegmentSearch } from './segment-search.ts';
import { tagOf } from './segment-tag.ts';
import { replayState, writeState } from './spool-state.ts';
import { tolerantFiles, UnreadableRanges } from './tolerant-files.ts';
import { Unfinished } from './unfinished.ts';

export interface RescueOptions {
  readonly files: FileLayer;
  /** The damaged spool. */
  readonly spool: string;
  /** The folder to make: `spool`, `damaged` and `uncertain` are in it. */
  readonly target: string;
  /** Further files that may be segments, such as those in `lost+found`. */
  readonly also: readonly string[];
  /** Hold all mail. */
  readonly isHeld: boolean;
  readonly pace: Pace;
  readonly report: (finding: RescueFinding) => void;
}

export interface RescueResult {
  /** Messages in the new spool, and recipients that wait for them. */
  readonly messages: number;
  readonly recipients: number;
  /** All of them are held. */
  readonly isHeld: boolean;
  /** Messages that are not whole. */
  readonly damaged: number;
  /** Messages of which it is uncertain whether Sluice wrote them. */
  readonly uncertain: number;
}

/** @throws {CopyError} `COPY_EXISTS`, `COPY_FAILED`, `COPY_RUNNING`, `COPY_CANCELLED` */
export async function rescueSpool(options: RescueOptions): Promise<RescueResult> {
  const unfinished = await Unfinished.begin(resolve(options.target));
  try {
    return await new Rescue(options, unfinished).run();
  } catch (error) {
    await unfinished.remove();
    throw error;
  }
}

/** What works together at one rescue. */
interface RescueParts {
  /** What the journal says. */
  readonly state: QueueState;
  readonly spool: RescuedSpool;
  readonly sources: RescueSources;
  readonly incomplete: IncompleteMail;
}

interface SearchedSegment {
  readonly source: Source;
  readonly fd: number;
  readonly length: number;
  readonly tag: number;
  readonly index: IndexContents | undefined;
}

class Rescue {
  readonly #options: RescueOptions;
  readonly #unfinished: Unfinished;
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  readonly #unreadable = new UnreadableRanges();
  /** Queue ids of messages that are in the new spool. */
  readonly #rescued = new Set<string>();
  /** Segments of the new spool. */
  readonly #begun = new Set<number>();

  constructor(options: RescueOptions, unfinished: Unfinished) {
    this.#options = options;
    this.#unfinished = unfinished;
    this.#layout = spoolLayout(options.spool);
    this.#files = tolerantFiles(options.files, this.#unreadable);
  }

  async run(): Promise<RescueResult> {
    const { also, isHeld, pace, report, target } = this.#options;
    const { folder } = this.#unfinished;
    const files = this.#files;
    const { state, isInDoubt, highestJournal } = await this.#replay();
    await writing(target, mkdir(join(folder, 'spool'), { mode: 0o700 }));
    const spool = await RescuedSpool.make(
      { files, pace, folder: target },
      spoolLayout(join(folder, 'spool')),
    );
    const sources = new RescueSources(files, this.#layout, report);
    const incomplete = new IncompleteMail({ files, layout: this.#layout, state, folder, report });
    const parts = { state, spool, sources, incomplete };
    const listed = await sources.list(also);
    for (const source of listed) await this.#rescueFrom(source, parts);
    // The name of the newest segment of a slot tells which ids were used.
    for (const id of new Map(listed.map((source) => [slotOf(source.id), source.id])).values()) {
      if (!this.#begun.has(id)) await spool.begin(id);
    }
    await spool.end();
    await incomplete.write(this.#rescued);
    await incomplete.writeOrphans(await sources.names(this.#layout.large), this.#rescued);
    const allHeld = isHeld || isInDoubt;
    const counts = await this.#conclude(parts, allHeld, highestJournal);
    for (const { path, from, to } of this.#unreadable.all()) {
      const why = `the disk cannot read bytes ${from} to ${to - 1}`;
      report({ kind: 'file', file: relative(this.#options.spool, path), why });
    }
    await writing(target, this.#unfinished.complete());
    const { damaged, uncertain } = incomplete;
    return { ...counts, isHeld: allHeld, damaged, uncertain };
  }

  /** What can be read of journal and `holds`. If anything of them may be missing, it is in doubt what must not be sent. */
  async #replay(): Promise<{
    readonly state: QueueState;
    readonly isInDoubt: boolean;
    readonly highestJournal: number;
  }> {
    const { report } = this.#options;
    try {
      const found = await replayState(this.#files, this.#layout, ({ place, text }) =>
        report({ kind: 'file', file: place, why: text }),
      );
      const { state, isInDoubt, isJournalDamaged, highestJournal } = found;
      return { state, isInDoubt: isInDoubt || isJournalDamaged, highestJournal };
    } catch (error) {
      const why = `what became of recipients cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      report({ kind: 'file', file: 'journal', why });
      return { state: new QueueState(), isInDoubt: true, highestJournal: 0 };
    }
  }

  async #rescueFrom(source: Source, parts: RescueParts): Promise<void> {
    const { report } = this.#options;
    const index = await parts.sources.index(source);
    const fd = source.hasFile ? await parts.sources.open(source) : undefined;
    if (fd === undefined) {
      if (source.hasFile || index === undefined) return;
      report({ kind: 'file', file: source.name, why: 'the segment is gone, and only its index is left' });
      for (const record of index.records) parts.incomplete.note(record, source, 'its segment is gone', true);
      return;
    }
    try {
      const length = await this.#files.size(fd);
      if (length > maxSegmentBytes) {
        const why = `it has ${length} bytes, more than any segment: it is left out`;
        report({ kind: 'file', file: source.name, why });
        return;
      }
      const tag = await tagOf(this.#files, fd, index);
      if (tag !== undefined) {
        const found = await this.#search({ source, fd, length, tag, index }, parts);
        await this.#take(source, fd, found, parts);
      } else if (length > 0) {
        const why =
          'its header, its index and its first record are damaged: nothing in it is certain to be from Sluice';
        report({ kind: 'file', file: source.name, why });
        const search = new SegmentSearch(this.#files, fd, length, undefined);
        for await (const result of search.results()) {
          if (result.kind === 'whole') await parts.incomplete.writeUncertain(source, result.record);
        }
        if (search.isExhausted) {
          const stopped = 'it has so much that looks like records that the search was ended';
          report({ kind: 'file', file: source.name, why: stopped });
        }
      }
    } finally {
      await this.#files.close(fd);
    }
  }

  /** Adds whole records to the new spool, if they wait and the files of large messages are whole, too. */
  async #take(
    source: Source,
    fd: number,
    found: readonly FoundRecord[],
    { incomplete, spool, state }: RescueParts,
  ): Promise<void> {
    for (const record of found) {
      const { head } = record;
      const queueId = headQueueId(head);
      if (state.isDone(head) || this.#rescued.has(queueId)) continue;
      const large = isLargeLength(head.length) ? largePath(this.#layout, queueId) : undefined;
      const fault = large === undefined ? undefined : await this.#largeFault(large, head);
      if (fault !== undefined) {
        incomplete.note(record, source, fault, true);
        continue;
      }
      if (!this.#begun.has(source.id)) await spool.begin(source.id);
      this.#begun.add(source.id);
      await spool.add(fd, record, large);
      this.#rescued.add(queueId);
    }
  }

  /** Why the file of a large message is not whole; undefined when it is. */
  async #largeFault(path: string, head: RecordHead): Promise<string | undefined> {
    const length = head.sizeBytes - head.contentLength;
    const fd = await this.#files.open(path, 'r').catch(() => undefined);
    if (fd === undefined) return 'its file in the folder large is gone';
    try {
      const size = await this.#files.size(fd);
      if (size < length) return `its file has only ${size} of ${length} bytes`;
      const crc = await contentCrc(this.#files, fd, 0, length);
      return size === length && crc === head.contentCrc
        ? undefined
        : 'its file in the folder large is damaged';
    } finally {
      await this.#files.close(fd);
    }
  }

  /** Every whole record of a segment, sorted by offset; tells the damaged ranges. */
  async #search(
    { source, fd, length, tag, index }: SearchedSegment,
    { incomplete, state }: RescueParts,
  ): Promise<readonly FoundRecord[]> {
    const whole = new Map<string, FoundRecord>();
    const lost: LostRange[] = [];
    // What stands behind the end that a whole index tells was refused when it was written.
    const end = index?.isWhole === true ? Math.min(length, index.sealedLength) : length;
    for await (const result of new SegmentSearch(this.#files, fd, end, tag).results()) {
      if (result.kind === 'lost') lost.push(result);
      else whole.set(headQueueId(result.record.head), result.record);
    }
    const missing: FoundRecord[] = [];
    for (const record of index?.records ?? []) {
      const queueId = headQueueId(record.head);
      if (record.head.tag !== tag || whole.has(queueId)) continue;
      // The head in the segment may be damaged alone: the index has another one.
      if (await isContentWhole(this.#files, fd, record)) whole.set(queueId, record);
      else missing.push(record);
    }
    for (const { from, to, heads } of lost) {
      const here = missing.filter(({ head, offset }) => offset < to && offset + head.length > from);
      const ids = new Set(here.map(({ head }) => headQueueId(head)));
      const known = [...here, ...heads.filter(({ head }) => !ids.has(headQueueId(head)))];
      const concerned = known.filter(({ head }) => !whole.has(headQueueId(head)) && !state.isDone(head));
      const messages = concerned.map(concernedBy);
      this.#options.report({ kind: 'range', file: source.name, from, to, messages });
    }
    for (const record of missing) {
      const isCut = record.offset + record.head.length > length;
      incomplete.note(record, source, isCut ? 'its segment was cut short' : 'its record is damaged', true);
    }
    for (const record of lost.flatMap(({ heads }) => heads)) {
      if (!whole.has(headQueueId(record.head)))
        incomplete.note(record, source, 'its record is damaged', false);
    }
    return [...whole.values()].toSorted((a, b) => a.offset - b.offset);
  }

  async #conclude(
    { incomplete, spool, state }: RescueParts,
    isHeld: boolean,
    highestJournal: number,
  ): Promise<{ readonly messages: number; readonly recipients: number }> {
    const { files, target } = this.#options;
    const { layout } = spool;
    let messages = 0;
    let recipients = 0;
    const place = { files, layout, store: 0, state, report: () => undefined, sync: false, isInDoubt: isHeld };
    for await (const batch of recoverSegments(place)) {
      for (const { waiting } of batch) recipients += waiting.length;
      messages += batch.length;
    }
    for (const queueId of state.dropWithoutRecord()) {
      if (incomplete.has(queueId)) continue;
      incomplete.tellLost(queueId, 'the journal says that it waits, and nothing of it was found');
    }
    await writing(target, writeState(files, layout, state, highestJournal));
    for (const folder of [layout.segments, layout.large]) await writing(target, files.syncDirectory(folder));
    return { messages, recipients };
  }
}
