// Makes a spool directory and checks its format version. A directory with another version is refused: it is never
// converted at a start.

import { dirname, resolve } from 'node:path';
import { exists, fdatasync, readUpTo, readWhole, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { emptyHolds } from './holds-file.ts';
import { formatPath, holdsPath, listSegments, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentHeaderBytes, parseSegmentHeader } from './segment-header.ts';
import { isDenied, SpoolError, systemCode, writeError } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

/** When to raise this: docs/spool-format.md, "Changing the format". */
export const formatVersion = 1;

const formatLine = /^sluice-spool (\d+)\n$/;

/** `lost`: the format file is missing or damaged, but the segments have our version. */
export type FormatCondition = 'good' | 'absent' | 'lost';

/** The problem to report when the format file is `lost`. */
export const lostFormat: SpoolProblem = {
  kind: 'format',
  place: 'format',
  text: `the format file is missing or damaged; the segments say that the spool is of version ${formatVersion}`,
};

/**
 * Checks the format file.
 * @throws {SpoolError} `SPOOL_FORMAT` when the version is not ours, or when neither the file nor a segment tells the
 * version; `SPOOL_DENIED` when this user may not read the file.
 */
export async function checkFormat(files: FileLayer, layout: SpoolLayout): Promise<FormatCondition> {
  const text = await readFormat(files, layout);
  const version = versionIn(text);
  if (version === String(formatVersion)) return 'good';
  if (version === undefined && (await hasOurSegments(files, layout))) {
    // Another process may have made the spool, and its first segment, since the file was looked for.
    const isThereNow = versionIn(await readFormat(files, layout)) === String(formatVersion);
    return isThereNow ? 'good' : 'lost';
  }
  if (text === undefined) return 'absent';
  const found = version === undefined ? 'an unreadable format file' : `format version ${version}`;
  throw new SpoolError(
    'SPOOL_FORMAT',
    `the spool in ${layout.directory} has ${found}; this Sluice knows version ${formatVersion}`,
  );
}

/** Undefined: there is no such file. */
async function readFormat(files: FileLayer, layout: SpoolLayout): Promise<string | undefined> {
  try {
    return (await readWhole(files, formatPath(layout))).toString('latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unreadable(layout, error);
  }
}

function versionIn(text: string | undefined): string | undefined {
  return text === undefined ? undefined : formatLine.exec(text)?.[1];
}

/** Missing rights get their own code, because another version of Sluice would not help. */
function unreadable({ directory }: SpoolLayout, cause: unknown): SpoolError {
  if (isDenied(cause)) {
    return new SpoolError('SPOOL_DENIED', `reading the spool in ${directory}: not permitted`, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError('SPOOL_FORMAT', `cannot read the format file of the spool in ${directory}: ${why}`, {
    cause,
    advice: 'Look at the system log for errors of the disk, or set spool = "..." to the right folder.',
  });
}

/** True if a segment has our version in its header. */
async function hasOurSegments(files: FileLayer, layout: SpoolLayout): Promise<boolean> {
  let present: ReadonlySet<number>;
  try {
    ({ present } = await listSegments(files, layout));
  } catch (error) {
    if (systemCode(error) === 'SPOOL_FOLDER_MISSING') return false;
    throw error;
  }
  for (const id of present) {
    const header = Buffer.alloc(segmentHeaderBytes);
    const fd = await files.open(segmentPath(layout, id), 'r').catch(() => undefined);
    if (fd === undefined) continue;
    try {
      const got = await readUpTo(files, fd, header, header.length, 0);
      if (got === header.length && parseSegmentHeader(header)?.id === id) return true;
    } catch {
      // This segment cannot be read; try the next one.
    } finally {
      await files.close(fd);
    }
  }
  return false;
}

/**
 * Makes the directories, the format file and the first file `holds`, all durably. Several processes may do so at once.
 * @param reportLost - receives the problem when the format file was lost; then the file is written again. Without this
 * callback a lost file is left as it is, so that only the process that reports the loss repairs it.
 */
export async function prepareDirectory(
  files: FileLayer,
  layout: SpoolLayout,
  slot: number,
  reportLost?: (problem: SpoolProblem) => void,
): Promise<void> {
  try {
    const format = await checkFormat(files, layout);
    if (format === 'good' || (format === 'lost' && reportLost === undefined)) return;
    if (format === 'lost') reportLost?.({ ...lostFormat, text: `${lostFormat.text}: it is written again` });
    await files.mkdir(layout.directory);
    await files.mkdir(layout.segments);
    await files.mkdir(layout.large);
    await files.mkdir(layout.journal);
    // In a new spool there is no file `holds` yet. In a spool with segments, a missing one is damage.
    if (format === 'absent' && !(await exists(files, holdsPath(layout)))) {
      await writeNew(files, slot, holdsPath(layout), emptyHolds());
    }
    // The format file comes last: another process that finds it takes the directories for durable.
    await files.syncDirectory(layout.directory);
    await syncAncestors(files, resolve(layout.directory));
    await writeNew(files, slot, formatPath(layout), Buffer.from(`sluice-spool ${formatVersion}\n`));
    await files.syncDirectory(layout.directory);
  } catch (error) {
    throw writeError(`making the spool directory ${layout.directory}`, error);
  }
}

/** Writes a file under a temporary name and renames it, so that it is there completely or not at all. */
async function writeNew(files: FileLayer, slot: number, path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.${slot}`;
  const fd = await files.open(temporary, 'w');
  try {
    await writeAll(files, fd, [bytes], 0);
    await fdatasync(files, fd);
  } finally {
    await files.close(fd);
  }
  await files.rename(temporary, path);
}

async function syncAncestors(files: FileLayer, directory: string): Promise<void> {
  const parent = dirname(directory);
  if (parent === directory) return;
  // A directory that this user may not open was not made just now: it needs no sync.
  await files.syncDirectory(parent).catch(() => undefined);
  await syncAncestors(files, parent);
}
