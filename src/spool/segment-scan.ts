// What a segment holds: by its index if that is good, else by walking through it. Either makes up for what the other
// has lost; a record that only the index knows any more is one of a damaged message.

import { fdatasync } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentName } from './queue-id.ts';
import { segmentHeaderBytes, type SegmentHeader } from './segment-header.ts';
import { readIndex, type FoundRecord, type IndexContents, type RecordDamage } from './segment-index.ts';
import { SegmentWalk, contentHolds } from './segment-walk.ts';
import { systemCode } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

export interface SegmentContents {
  /** In order of offset. */
  readonly records: readonly FoundRecord[];
  /** Size of the file in bytes. */
  readonly length: number;
  /** It had a good index: its writer closed it. */
  readonly sealed: boolean;
  readonly header: SegmentHeader | undefined;
  /** What has happened to the segment, if something has: then its files are not to be removed. */
  readonly damage: string | undefined;
}

export interface SegmentSource {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly report: (problem: SpoolProblem) => void;
  /** Syncs a segment that was not sealed before it is read. */
  readonly sync: boolean;
}

/** Undefined when the segment and its index are gone. Damage is reported, never thrown. */
export async function readSegment(source: SegmentSource, id: number): Promise<SegmentContents | undefined> {
  const { files, layout } = source;
  let fd: number;
  try {
    fd = await files.open(segmentPath(layout, id), 'r');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    // Removal takes the index first: if it is still there, nobody has removed the segment in order.
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
  return { records, length: 0, sealed: true, header: undefined, damage: gone };
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
    return { records, length, sealed: true, header, damage: isCut ? cut : noHeader };
  }
  if (source.sync) await fdatasync(files, fd);
  const { records, isDamaged } = await walk.records();
  if (header === undefined && length > 0) {
    const what = "the segment's header is damaged";
    if (records.length > 0) found.push({ kind: 'segment', place: segmentName(id), text: what });
    else found.push({ kind: 'torn', place: segmentName(id), text: `${what}, or was cut short by a crash` });
  }
  // What is being written right now is neither torn nor damaged.
  const isGrowing = found.length > 0 && (await files.size(fd)) !== length;
  for (const problem of found) if (problem.kind !== 'torn' || !isGrowing) report(problem);
  const entries = index === undefined ? [] : ofOneTag(index, header?.tag ?? records[0]?.head.tag);
  const known = await onlyInIndex(files, fd, records, entries);
  const damage = isDamaged || known.length > 0 ? 'a part of the segment is damaged' : undefined;
  const all = known.length === 0 ? records : merged(records, known);
  return { records: all, length, sealed: false, header, damage };
}

/** What a damaged index knows and the walk has not found, or found damaged. */
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
    const holds = await contentHolds(files, fd, record.offset, record.head);
    known.push(
      holds ? record : { ...record, damage: missing('its record in the segment is damaged or gone') },
    );
  }
  return known;
}

/** Of two records of one message, that of the index. */
function merged(records: readonly FoundRecord[], known: readonly FoundRecord[]): FoundRecord[] {
  const better = new Set(known.map(idOf));
  return [...records.filter((each) => !better.has(idOf(each))), ...known].sort((a, b) => a.offset - b.offset);
}

/** Those with the segment's tag: what only looks like a record, in somebody's address, does not have it. */
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
    if (systemCode(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

/** The header of a segment; undefined when segment or header is gone. */
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
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
