// One [[recipients]] as the rest of Sluice sees it: all paths are absolute.

import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { recipientChecks } from './schema/recipients.ts';

type FileRecipients = DeepReadonly<CamelKeys<z.output<typeof recipientChecks>>>[number];

/** `subaddress` is empty when none is set. */
export type RecipientsConfig = Omit<FileRecipients, 'subaddress'> & { readonly subaddress: string };

/** @param folder - where a relative path starts */
export function toRecipientsConfig(recipients: FileRecipients, folder: string): RecipientsConfig {
  const { subaddress, control, home, ...rest } = recipients;
  if (control === undefined) return { ...rest, subaddress: subaddress ?? '' };
  const path = resolve(folder, control);
  return {
    ...rest,
    control: path,
    home: home === undefined ? dirname(dirname(path)) : resolve(folder, home),
    // The separator of qmail, unless it was built with another one (conf-break).
    subaddress: subaddress ?? '-',
  };
}

/** One [recipients.call_ahead]. */
export type CallAheadConfig = NonNullable<RecipientsConfig['callAhead']>;
