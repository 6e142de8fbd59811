// Warnings about archives whose files or folders Sluice cannot write to, because of what they are.

import { stat } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { archiveName } from '../deliver/archive/archive-name.ts';
import { regularFileFault } from '../deliver/archive/regular-file.ts';
import type { ArchiveWay } from '../values/local-way.ts';

/** A disk that does not answer keeps the caller waiting. What cannot be looked at has no warning. */
export async function archiveWarnings({ route }: Config, nowMs = Date.now()): Promise<ConfigWarning[]> {
  const found: ConfigWarning[] = [];
  for (const [index, each] of route.entries()) {
    if (each.kind !== 'archive' || each.way.kind !== 'archive') continue;
    const { place } = each.way;
    const fault = await placeFault(place, nowMs).catch(() => undefined);
    if (fault === undefined) continue;
    const key = place.kind === 'file' ? 'file' : 'maildir';
    found.push({ path: ['route', index, 'archive', key], message: `${fault}; its mail waits` });
  }
  return found;
}

async function placeFault(place: ArchiveWay['place'], nowMs: number): Promise<string | undefined> {
  if (place.kind === 'file') return regularFileFault(archiveName(place, 1, nowMs));
  return (await stat(place.folder)).isDirectory() ? undefined : `${place.folder} is no folder`;
}
