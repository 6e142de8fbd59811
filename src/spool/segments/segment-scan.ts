// Reads the records of a segment: from its index if this is intact, otherwise from the segment itself. Each completes what
// the other has lost. A record that only the index still has belongs to a damaged message.

import { fdatasync } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentName } from '../queue-id.ts';
import { segmentHeaderBytes, type SegmentHeader } from './segment-header.ts';
import { readIndex, type FoundRecord, type IndexContents, type RecordDamage } from './segment-index.ts';
import { SegmentWalk, isContentIntact, maxSegmentBytes } from './segment-walk.ts';
import { isDenied, SpoolError, systemCode } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

export interface SegmentContents {
  /** Sorted by offset. */
  readonly records: readonly FoundRecord[];
  /** Size of the file in bytes. */
  readonly length: number;
  /** What happened to the segment, if it is damaged: then its files must not be removed, but moved to `damaged`. */
  readonly damage: string | undefined;
  /** Something that Sluice never makes is in its place: it stays there, and is not looked at again. */
  readonly isForeign?: boolean;
  /** This user may not read it: it is foreign, too, or its mail waits until its rights are mended and Sluice is started again. */
  readonly isDenied?: boolean;
}

export interface SegmentSource {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly report: (problem: SpoolProblem) => void;
  /** Syncs a segment without an intact index before it is read. */
  readonly sync: boolean;
}

/** Reads a segment; undefined when it and its index are missing. Damage is reported, never thrown. */
export async function readSegment(source: SegmentSource, id: number): Promise<SegmentContents | undefined> {
  const { files, layout } = source;
  let fd: number;
  try {
    fd = await files.open(segmentPath(layout, id), 'r');
  } catch (error) {
    if (error instanceof SpoolError && error.code === 'SPOOL_FOREIGN') {
      const text = `${error.message}: it is not read, and stays where it is. ${error.advice}`;
      source.report({ kind: 'segment', place: segmentName(id), text });
      const index = onlyIndex(await indexOf(source, id));
      return { records: index?.records ?? [], length: 0, damage: error.message, isForeign: true };
    }
    if (isDenied(error)) {
      const text = `${segmentPath(layout, id)} may not be read by this user: it is left out, and stays as it is. If it holds mail, give it to the user of the manager and restart Sluice`;
      source.report({ kind: 'segment', place: segmentName(id), text });
      return { records: [], length: 0, damage: undefined, isForeign: true, isDenied: true };
    }
    if (systemCode(error) !== 'ENOENT') throw error;
    // Sluice removes the index first. If the index is still there, the segment was lost in another way.
    return onlyIndex(await indexOf(source, id));
  }
  try {
    return await readPresent(source, id, fd);
  } finally {
    await files.close(fd);
  }
}

const gone = 'the segment is gone';

function missing(why: string): RecordDamage {
  return { kind: 'missing', why };
}

function onlyIndex(index: IndexContents | undefined): SegmentContents | undefined {
  if (index === undefined) return undefined;
  const damage = missing(gone);
  const records = ofOneTag(index).map(({ offset, head, bytes, at }) => ({ offset, head, bytes, at, damage }));
  return { records, length: 0, damage: gone };
}

async function readPresent(source: SegmentSource, id: number, fd: number): Promise<SegmentContents> {
  const { files, report } = source;
  const found: SpoolProblem[] = [];
  const walk = new SegmentWalk(files, fd, await files.size(fd), id, (problem) => found.push(problem));
  const header = await walk.header();
  const { length } = walk;
  const index = await indexOf(source, id);
  if (index?.isWhole === true) {
    const cut = `the segment was cut short: it has ${length} bytes of ${index.sealedLength}`;
    const isCut = index.sealedLength > length;
    const records = isCut
      ? index.records.map((each) =>
          each.offset + each.head.length > length ? { ...each, damage: missing(cut) } : each,
        )
      : index.records;
    const noHeader = header === undefined ? "the segment's header is damaged" : undefined;
    if (noHeader !== undefined && !isCut) {
      report({ kind: 'segment', place: segmentName(id), text: `${noHeader}; its index tells what it holds` });
    }
    return { records, length, damage: isCut ? cut : noHeader };
  }
  if (source.sync) await fdatasync(files, fd);
  const isForeign = length > maxSegmentBytes;
  if (isForeign) {
    const text = `${segmentPath(source.layout, id)} has ${length} bytes, more than any segment: what stands behind its first records is not read, and it stays where it is`;
    report({ kind: 'segment', place: segmentName(id), text });
  }
  const { records, isDamaged } = await walk.records();
  if (header === undefined && length > 0) {
    const what = "the segment's header is damaged";
    if (records.length > 0) found.push({ kind: 'segment', place: segmentName(id), text: what });
    else found.push({ kind: 'torn', place: segmentName(id), text: `${what}, or was cut short by a crash` });
  }
  // If the file has grown meanwhile, its end is being written and is not torn.
  const isGrowing = found.length > 0 && (await files.size(fd)) !== length;
  for (const problem of found) if (problem.kind !== 'torn' || !isGrowing) report(problem);
  const entries = index === undefined ? [] : ofOneTag(index, header?.tag ?? records[0]?.head.tag);
  const known = await onlyInIndex(files, fd, records, entries);
  const damage = isForeign || isDamaged || known.length > 0 ? 'a part of the segment is damaged' : undefined;
  const all = known.length === 0 ? records : merged(records, known);
  return { records: all, length, damage, isForeign };
}

/** Entries of a damaged index whose records were not found in the segment, or were found damaged. */
async function onlyInIndex(
  files: FileLayer,
  fd: number,
  records: readonly FoundRecord[],
  entries: readonly FoundRecord[],
): Promise<FoundRecord[]> {
  const walked = new Set(records.filter(({ damage }) => damage === undefined).map(idOf));
  const known: FoundRecord[] = [];
  for (const record of entries) {
    if (walked.has(idOf(record))) continue;
    const holds = await isContentIntact(files, fd, record);
    known.push(
      holds ? record : { ...record, damage: missing('its record in the segment is damaged or gone') },
    );
  }
  return known;
}

/** Both lists, sorted by offset; of two records of a message, that of the index. */
function merged(records: readonly FoundRecord[], known: readonly FoundRecord[]): FoundRecord[] {
  const better = new Set(known.map(idOf));
  return [...records.filter((each) => !better.has(idOf(each))), ...known].sort((a, b) => a.offset - b.offset);
}

/** The entries with the segment's tag. Bytes in an address that imitate a record do not have it. */
function ofOneTag({ records }: IndexContents, tag = records[0]?.head.tag): readonly FoundRecord[] {
  return records.filter(({ head }) => head.tag === tag);
}

function idOf({ head }: FoundRecord): string {
  return `${head.idSegment} ${head.counter}`;
}

async function indexOf(
  { files, layout, report }: SegmentSource,
  id: number,
): Promise<IndexContents | undefined> {
  try {
    const index = await readIndex(files, indexPath(layout, id), id);
    if (!index.isWhole) {
      const text = 'the index is damaged: what the segment holds was found in the segment itself';
      report({ kind: 'index', place: segmentName(id), text });
    }
    return index;
  } catch (error) {
    if (error instanceof SpoolError && error.code === 'SPOOL_FOREIGN') {
      report({ kind: 'index', place: segmentName(id), text: `${error.message}: it is not read` });
      return undefined;
    }
    if (isDenied(error)) {
      const text = `${indexPath(layout, id)} may not be read by this user: the segment tells the same`;
      report({ kind: 'index', place: segmentName(id), text });
      return undefined;
    }
    if (systemCode(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Reads the header of a segment; undefined when the segment is missing or the header is damaged. */
export async function readSegmentHeader(
  files: FileLayer,
  layout: SpoolLayout,
  id: number,
): Promise<SegmentHeader | undefined> {
  try {
    const fd = await files.open(segmentPath(layout, id), 'r');
    try {
      return await new SegmentWalk(files, fd, segmentHeaderBytes, id, () => undefined).header();
    } finally {
      await files.close(fd);
    }
  } catch (error) {
    if (isDenied(error) || ['ENOENT', 'SPOOL_FOREIGN'].includes(systemCode(error))) return undefined;
    throw error;
  }
}
