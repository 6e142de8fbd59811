// The paths in a spool directory, and listings of its folders.

import { basename, dirname, join } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import { parseSegmentName, segmentName, slotOf } from '../queue-id.ts';
import { SpoolError, systemCode, writeError } from '../spool-error.ts';

export interface SpoolLayout {
  readonly directory: string;
  readonly segments: string;
  readonly large: string;
  readonly journal: string;
  /** Damaged files that were moved out of the other folders. */
  readonly damaged: string;
}

export function spoolLayout(directory: string): SpoolLayout {
  return {
    directory,
    segments: join(directory, 'segments'),
    large: join(directory, 'large'),
    journal: join(directory, 'journal'),
    damaged: join(directory, 'damaged'),
  };
}

export function segmentPath(layout: SpoolLayout, id: number): string {
  return join(layout.segments, segmentName(id));
}

export function indexPath(layout: SpoolLayout, id: number): string {
  return `${segmentPath(layout, id)}.index`;
}

export function largePath(layout: SpoolLayout, queueId: string): string {
  return join(layout.large, queueId);
}

export function journalPath(layout: SpoolLayout, number: number): string {
  return join(layout.journal, String(number).padStart(10, '0'));
}

export function formatPath(layout: SpoolLayout): string {
  return join(layout.directory, 'format');
}

export function holdsPath(layout: SpoolLayout): string {
  return join(layout.directory, 'holds');
}

/**
 * Lists a folder that every spool has. A missing folder is never made again here: only a person or a missing disk can have
 * taken it away, and with an empty folder in its place its mail would count as delivered.
 * @throws {SpoolError} `SPOOL_FOLDER_MISSING`
 */
export async function readFolder(files: FileLayer, folder: string): Promise<string[]> {
  try {
    return await files.readdir(folder);
  } catch (error) {
    throw folderError(folder, error);
  }
}

/**
 * Syncs a folder that every spool has: makes creations, renames and removals in it durable.
 * @throws {SpoolError} `SPOOL_FOLDER_MISSING`, `SPOOL_WRITE_FAILED`
 */
export async function syncFolder(files: FileLayer, folder: string): Promise<void> {
  try {
    await files.syncDirectory(folder);
  } catch (error) {
    throw writeError(`syncing the folder ${folder}`, folderError(folder, error));
  }
}

function folderError(folder: string, cause: unknown): unknown {
  if (systemCode(cause) !== 'ENOENT') return cause;
  const text = `the folder ${basename(folder)} of the spool ${dirname(folder)} is gone, and with it what was stored there`;
  return new SpoolError('SPOOL_FOLDER_MISSING', text, { cause });
}

/** The contents of the folder `segments`. */
export interface SegmentListing {
  /** All ids in ascending order, also of segments of which only the index is left. */
  readonly segments: number[];
  /** Ids that have an index. */
  readonly indexed: Set<number>;
  /** Ids whose segment exists. */
  readonly present: Set<number>;
}

export async function listSegments(files: FileLayer, layout: SpoolLayout): Promise<SegmentListing> {
  const indexed = new Set<number>();
  const present = new Set<number>();
  for (const name of await readFolder(files, layout.segments)) {
    const isIndex = name.endsWith('.index');
    const id = parseSegmentName(isIndex ? name.slice(0, -'.index'.length) : name);
    if (id >= 0) (isIndex ? indexed : present).add(id);
  }
  const segments = [...present.union(indexed)].sort((a, b) => a - b);
  return { segments, indexed, present };
}

/** The highest segment id of a slot; -1 if it has none. The newest segment of a slot is never removed. */
export function highestOfSlot(segments: readonly number[], slot: number): number {
  let highest = -1;
  for (const id of segments) if (slotOf(id) === slot && id > highest) highest = id;
  return highest;
}

/** The newest segment of each slot: the only one that may still grow. */
export function newestOfSlots(segments: readonly number[]): Map<number, number> {
  const newest = new Map<number, number>();
  for (const id of segments) {
    const slot = slotOf(id);
    if (id > (newest.get(slot) ?? -1)) newest.set(slot, id);
  }
  return newest;
}

/** The journal files' numbers in ascending order. */
export async function listJournals(files: FileLayer, layout: SpoolLayout): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await readFolder(files, layout.journal)) {
    if (/^\d{10}$/.test(name)) numbers.push(Number(name));
  }
  return numbers.sort((a, b) => a - b);
}
