// The names of the files of an archive.

import { extname } from 'node:path';
import type { ArchiveRotation, ArchiveWay } from '../../values/local-way.ts';

export type FilePlace = Extract<ArchiveWay['place'], { readonly kind: 'file' }>;

/** Characters of `2026-11-30T10:00:00.000Z` that name the period. */
const stampLengths: Readonly<Record<Exclude<ArchiveRotation, 'never'>, number>> = {
  hourly: 13,
  daily: 10,
  monthly: 7,
};

/** The name of a file: `all-2026-11-30.mbox`, and `all-2026-11-30-2.mbox` for the second one of a day. */
export function archiveName({ path, rotate }: FilePlace, number: number, nowMs: number): string {
  const stamp = rotate === 'never' ? '' : `-${new Date(nowMs).toISOString().slice(0, stampLengths[rotate])}`;
  const extension = extname(path);
  const base = path.slice(0, path.length - extension.length);
  return `${base}${stamp}${number === 1 ? '' : `-${number}`}${extension}`;
}
