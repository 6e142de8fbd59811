// [mailboxes] as the rest of Sluice sees it: its path is absolute.

import { join, normalize } from 'node:path';

import type { z } from 'zod';

import type { MailboxSettings } from '../values/mailbox-way.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { mailboxes } from './schema/mailboxes.ts';

export type FileMailboxes = DeepReadonly<CamelKeys<z.output<typeof mailboxes>>>;

/** @param folder - where a relative path starts */
export function toMailboxes(
  { path, subaddress, folders, ...given }: FileMailboxes,
  folder: string,
): MailboxSettings {
  const absolute = path.startsWith('/') ? normalize(path) : join(folder, path);
  return {
    path: absolute.replace(/\/$/u, ''),
    separators: subaddress,
    folders,
    ...(given.aliases !== undefined && { aliases: given.aliases }),
    quota: {
      ...(given.quota !== undefined && { bytes: given.quota }),
      ...(given.quotaMessages !== undefined && { messages: given.quotaMessages }),
      whenFull: given.overQuota,
      graceMs: given.grace,
      warnPercent: given.quotaWarning,
    },
  };
}
