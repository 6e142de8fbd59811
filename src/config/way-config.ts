// The way out of one [[route]] whose mail stays on this host, with the defaults of its keys.

import type { ArchiveWay, LocalWay, PipeWay } from '../values/local-way.ts';
import type { MailboxSettings } from '../values/mailbox-way.ts';
import type { SystemSettings } from '../values/system-way.ts';
import type { FileRoute } from './file-route.ts';

const pipeTimeMs = 5 * 60_000;
const outputBytes = 64 * 1024;
const usuallyAtOnce = 10;
/** Most of a delivery is a wait for the disk, which carries out many waits together. */
const usuallyIntoMailboxes = 32;
/** Some users' programs take long, and others must not wait for them. */
const usuallyToUsers = 20;

/** What routes of one kind have in common. */
export interface DeliveryHere {
  readonly mailboxes: MailboxSettings;
  readonly local: SystemSettings;
}

export function wayOf(route: FileRoute, { mailboxes, local }: DeliveryHere): LocalWay | undefined {
  const { archive, redirect, hold } = route;
  if (route.pipe !== undefined) return pipeOf(route.pipe, route);
  if (archive !== undefined) return archiveOf(archive);
  if (route.mailbox === true) return { kind: 'mailbox', ...mailboxes };
  if (route.local === true) return { kind: 'local', ...local };
  if (redirect !== undefined) return { kind: 'redirect', to: redirect };
  return hold === undefined ? undefined : { kind: 'hold', reason: hold };
}

function pipeOf(command: readonly string[], route: FileRoute): PipeWay {
  return {
    kind: 'pipe',
    command,
    as: route.as,
    timeMs: route.pipeTime ?? pipeTimeMs,
    memoryBytes: route.memory,
    outputBytes: route.output ?? outputBytes,
    exitCodes: route.exitCodes ?? 'sysexits',
    traceFields: route.traceFields ?? true,
    mboxFrom: route.mboxFrom ?? false,
  };
}

function archiveOf({ maildir, file, rotate, size }: NonNullable<FileRoute['archive']>): ArchiveWay {
  const place =
    maildir === undefined
      ? ({ kind: 'file', path: file ?? '', rotate: rotate ?? 'never', mostBytes: size } as const)
      : ({ kind: 'maildir', folder: maildir } as const);
  return { kind: 'archive', place };
}

/** How many runs there may be at once; 0: none. */
export function atOnceOf({ atOnce }: FileRoute, way: LocalWay): number {
  if (way.kind === 'hold') return 0;
  // One process at a time writes to a file.
  if (way.kind === 'archive' && way.place.kind === 'file') return 1;
  if (atOnce !== undefined) return atOnce;
  if (way.kind === 'local') return usuallyToUsers;
  return way.kind === 'mailbox' ? usuallyIntoMailboxes : usuallyAtOnce;
}
