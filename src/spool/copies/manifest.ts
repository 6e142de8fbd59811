// What a backup says of itself: `SHA256SUMS`, a line for each file as sha256sum(1) writes and checks them, and `backup.json`,
// the facts for people and programs.

import { join } from 'node:path';
import { z } from 'zod';
import { fdatasync, readWhole, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { systemCode } from '../spool-error.ts';

export const sumsName = 'SHA256SUMS';
export const factsName = 'backup.json';

/** The facts of a backup; times are Unix ms. */
export interface BackupFacts {
  readonly format: 1;
  readonly sluice: string;
  readonly hostname: string;
  readonly spool: string;
  readonly beganAtMs: number;
  /** All mail that waited at this time is in the backup, with its outcomes up to then. */
  readonly consistentAtMs: number;
  readonly endedAtMs: number;
  readonly messages: number;
  readonly recipients: number;
}

const factsSchema: z.ZodType<BackupFacts> = z.object({
  format: z.literal(1),
  sluice: z.string(),
  hostname: z.string(),
  spool: z.string(),
  beganAtMs: z.number(),
  consistentAtMs: z.number(),
  endedAtMs: z.number(),
  messages: z.number(),
  recipients: z.number(),
});

/** The sums of a folder's files by their path in it; undefined when it has none: it is no complete backup. */
export async function readSums(
  files: FileLayer,
  folder: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  let text: string;
  try {
    text = (await readWhole(files, join(folder, sumsName))).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  // Names of our own making have no line ends and lead to no other folder.
  const lines = text.matchAll(/^([0-9a-f]{64}) {2}((?!\/|.*\.\.\/)[^\n]+)\n/gm);
  return new Map([...lines].map(([, sum = '', path = '']) => [path, sum]));
}

/** The facts of a backup; undefined when they cannot be read. */
export async function readFacts(files: FileLayer, folder: string): Promise<BackupFacts | undefined> {
  try {
    const text = (await readWhole(files, join(folder, factsName))).toString('utf8');
    return factsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function sumsText(sums: ReadonlyMap<string, string>): string {
  return [...sums]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, sum]) => `${sum}  ${path}\n`)
    .join('');
}

/** Writes a new file and syncs it. */
export async function writeText(files: FileLayer, path: string, text: string): Promise<void> {
  const fd = await files.open(path, 'w');
  try {
    await writeAll(files, fd, [Buffer.from(text)], 0);
    await fdatasync(files, fd);
  } finally {
    await files.close(fd);
  }
}
