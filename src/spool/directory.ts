// Makes a spool directory, and checks the format version that it carries. A directory is made once; one of another
// version is refused, never converted in passing.

import { dirname, resolve } from 'node:path';
import { exists, fdatasync, readUpTo, readWhole, writeAll } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { emptyHolds } from './holds-file.ts';
import { formatPath, holdsPath, listSegments, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentHeaderBytes, parseSegmentHeader } from './segment-header.ts';
import { isDenied, SpoolError, systemCode, writeError } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

/** Raised by the rule in docs/spool-format.md. */
export const formatVersion = 1;

const formatLine = /^sluice-spool (\d+)\n$/;

/** `lost`: the format file is gone or damaged, but the segments are of our version. */
export type FormatCondition = 'good' | 'absent' | 'lost';

/** Of a format file that is `lost`. */
export const lostFormat: SpoolProblem = {
  kind: 'format',
  place: 'format',
  text: `the format file is missing or damaged; the segments say that the spool is of version ${formatVersion}`,
};

/**
 * Checks the format file.
 * @throws {SpoolError} `SPOOL_FORMAT` when the version is not ours, or the file cannot be read and nothing else tells it.
 */
export async function checkFormat(files: FileLayer, layout: SpoolLayout): Promise<FormatCondition> {
  let text: string | undefined;
  try {
    text = (await readWhole(files, formatPath(layout))).toString('latin1');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw unreadable(layout, error);
  }
  const version = text === undefined ? undefined : formatLine.exec(text)?.[1];
  if (version === String(formatVersion)) return 'good';
  const isOurs = version === undefined && (await hasOurSegments(files, layout));
  if (isOurs) return 'lost';
  if (text === undefined) return 'absent';
  const found = version === undefined ? 'an unreadable format file' : `format version ${version}`;
  throw new SpoolError(
    'SPOOL_FORMAT',
    `the spool in ${layout.directory} has ${found}; this Sluice knows version ${formatVersion}`,
  );
}

/** Rights that are missing are no question of versions. */
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

/** Each segment carries the version, too. */
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
      // Another segment may tell.
    } finally {
      await files.close(fd);
    }
  }
  return false;
}

/**
 * Makes the directories and the files that vouch for them, durably; several processes may do so at once.
 * @param reportLost - is told when the format file was lost, which somebody should know of, before it is written again.
 * Without it, a lost one is left to the process that has it: whoever came first would mend it, and say nothing.
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
    // Beside segments, a missing record of holds is damage; here it is not there yet.
    if (format === 'absent' && !(await exists(files, holdsPath(layout)))) {
      await writeNew(files, slot, holdsPath(layout), emptyHolds());
    }
    // The directories are durable before the file that vouches for them: another process may look for it any moment.
    await files.syncDirectory(layout.directory);
    await syncAncestors(files, resolve(layout.directory));
    await writeNew(files, slot, formatPath(layout), Buffer.from(`sluice-spool ${formatVersion}\n`));
    await files.syncDirectory(layout.directory);
  } catch (error) {
    throw writeError(`making the spool directory ${layout.directory}`, error);
  }
}

/** Writes a file under another name and renames it: it is there whole or not at all. */
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
  // One that may not be opened is not one that was made just now.
  await files.syncDirectory(parent).catch(() => undefined);
  await syncAncestors(files, parent);
}
