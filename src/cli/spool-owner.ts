// Who runs Sluice where the configuration names no user: a service of the system may start it as a user of its own, to whom the spool belongs then.
// Root, who makes files for that Sluice, has to make them so that it may read them.

import { statSync } from 'node:fs';
import type { Config } from '../config/config.ts';

export interface SpoolOwner {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Undefined when that is root, when it cannot be told, or when the caller is not root: everybody else makes files as oneself. */
export function spoolOwner({ user, spool }: Pick<Config, 'user' | 'spool'>): SpoolOwner | undefined {
  if (process.getuid?.() !== 0 || user !== undefined) return undefined;
  const stats = statSync(spool, { throwIfNoEntry: false });
  if (stats === undefined || stats.uid === 0) return undefined;
  return { uid: stats.uid, gid: stats.gid, groups: [stats.gid] };
}

/** Whether a user may read a file, by its permissions alone, not by those of its folders. */
export function mayRead(
  user: { readonly uid: number; readonly groups: readonly number[] },
  path: string,
): boolean {
  const { mode, uid, gid } = statSync(path);
  if (uid === user.uid) return (mode & 0o400) !== 0;
  return user.groups.includes(gid) && (mode & 0o040) !== 0;
}
