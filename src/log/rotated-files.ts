// The files that the rotation of a log leaves beside it: LOG-20261129T165800Z, and the same with .gz. The name says when the log
// was put aside (UTC), so names sort by age, and the newest one says when the present log began.

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface RotatedFile {
  readonly path: string;
  /** Unix ms. */
  readonly atMs: number;
  readonly kind: 'plain' | 'compressed' | 'unfinished';
}

const suffix = /^-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z(\.gz(?:\.part)?)?$/;

/** The name for a log that is put aside now; the same for a whole second. */
export function rotatedName(log: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `${log}-${stamp}Z`;
}

/** Oldest first. */
export function rotatedFiles(log: string): readonly RotatedFile[] {
  const folder = dirname(log);
  const base = basename(log);
  return readdirSync(folder)
    .filter((name) => name.startsWith(base))
    .sort()
    .flatMap((name) => {
      const [, year, month, day, hour, minute, second, ending] = suffix.exec(name.slice(base.length)) ?? [];
      const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
      if (Number.isNaN(atMs)) return [];
      const kind = ending === undefined ? 'plain' : ending === '.gz' ? 'compressed' : 'unfinished';
      return [{ path: join(folder, name), atMs, kind } as const];
    });
}
